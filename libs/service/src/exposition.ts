/**
 * The metrics of a registry as text: OpenMetrics for who asks for it (it carries exemplars), else the older format of
 * Prometheus. A registry of prom-client can do one of them, and renames its counters for OpenMetrics; so each text is made
 * from shadows of the metrics.
 */
import { Registry, type RegistryContentType } from 'prom-client';

export interface Exposition {
  contentType: string;
  text: string;
}

/** Of the kind that may hold exemplars; to be shown by `expose`. */
export function newRegistry(): Registry {
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry as Registry;
}

export async function expose(registry: Registry, accept = ''): Promise<Exposition> {
  const shadow = new Registry<RegistryContentType>();
  if (accept.includes('application/openmetrics-text')) shadow.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of registry.getMetricsAsArray()) shadow.registerMetric(Object.create(metric));
  return { contentType: shadow.contentType, text: await shadow.metrics() };
}

/** The manifests agree with themselves and with the API that they name. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: Record<string, never>;
}

const read = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });

const manifests = read('corral.yaml');

interface PodSpec {
  terminationGracePeriodSeconds: number;
  securityContext: { runAsNonRoot: boolean };
  containers: {
    ports: { name: string }[];
    securityContext: object;
    resources: { limits: { memory: string } };
    env: { name: string; value?: string }[];
    livenessProbe: { httpGet: { path: string; port: string } };
    readinessProbe: { httpGet: { path: string; port: string } };
  }[];
}

test.each(['corral-api', 'corral-worker'])(
  '%s runs without rights that it does not need, and is asked how it is',
  (name) => {
    const found = manifests.find((each) => each.kind === 'Deployment' && each.metadata.name === name);
    if (found === undefined) throw new Error(`there is no Deployment ${name}`);
    const { spec } = (found.spec as unknown as { template: { spec: PodSpec } }).template;
    const [container] = spec.containers;
    expect(spec.securityContext.runAsNonRoot).toBe(true);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(25);
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container?.livenessProbe.httpGet).toEqual({ path: '/healthz', port: container?.ports[0]?.name });
    expect(container?.readinessProbe.httpGet).toEqual({ path: '/readyz', port: container?.ports[0]?.name });
    const heap = Number(/=(\d+)$/.exec(container?.env.find((each) => each.name === 'NODE_OPTIONS')?.value ?? '')?.[1]);
    const limit = container?.resources.limits.memory ?? '';
    const megabytes = Number.parseInt(limit, 10) * (limit.endsWith('Gi') ? 1024 : 1);
    expect(heap / megabytes).toBeLessThanOrEqual(0.75);
  },
);

test('KEDA scales what there is, by a field that /v1/cluster has', () => {
  const [scaled] = read('keda.yaml');
  const spec = scaled?.spec as unknown as {
    scaleTargetRef: { name: string };
    minReplicaCount: number;
    triggers: { metadata: { url: string; valueLocation: string } }[];
  };
  const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names).toContain(`Deployment ${spec.scaleTargetRef.name}`);
  expect(spec.minReplicaCount).toBeGreaterThan(0);
  const [trigger] = spec.triggers;
  const url = new URL(trigger?.metadata.url ?? '');
  expect(names).toContain(`Service ${url.hostname}`);
  const rest = readFileSync(new URL('../../../docs/reference/rest.md', import.meta.url), 'utf8');
  const example = rest.split(`### \`GET ${url.pathname}\``)[1]?.split('```')[1] ?? '';
  expect(example).toContain(`"${trigger?.metadata.valueLocation}":`);
});

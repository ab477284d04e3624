/** The reference pages say what the code says: when this fails, copy the expected lines into the page. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createLogger, Metrics, settingsTables } from '../src/index.ts';

const page = (name: string): string =>
  readFileSync(new URL(`../../../docs/reference/${name}.md`, import.meta.url), 'utf8');

const rows = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('| `'));

test('configuration.md has the table of settings', () => {
  const readers = new Map<string, string[]>();
  for (const [reader, table] of Object.entries(settingsTables))
    for (const { variable } of Object.values(table)) readers.set(variable, [...(readers.get(variable) ?? []), reader]);

  const expected = [...readers].map(([variable, names]) => {
    const setting = Object.values(settingsTables)
      .flatMap((table) => Object.values(table))
      .find((candidate) => candidate.variable === variable);
    if (setting === undefined) throw new Error(`${variable} is in no table`);
    const shown = setting.default ? `\`${setting.default}\`` : 'none';
    return `| \`${variable}\` | ${shown} | ${setting.expects} | ${names.join(', ')} | ${setting.description} |`;
  });
  expect(rows(page('configuration'))).toEqual(expected);
});

/** Names that OpenTelemetry has given to what we measure. */
const ownNames = new Set(['nodejs_eventloop_time_seconds_total', 'http_server_request_duration_seconds']);

test('metrics.md lists the metrics of ours, no more and no fewer', async () => {
  const logger = createLogger({ logLevel: 'silent', logPretty: false });
  const expected = new Map<string, string>();
  for (const role of ['api', 'worker'] as const) {
    const metrics = new Metrics({ role, logger, maxCoroutines: 1 });
    metrics.loop.stop();
    for (const { name, type, help } of await metrics.registry.getMetricsAsJSON()) {
      if (!name.startsWith('corral_') && !ownNames.has(name)) continue;
      const known = expected.get(name);
      const where = known === undefined ? role : 'both';
      expected.set(name, `| \`${name}\` | ${type} | ${labelsOf(metrics, name)} | ${where} | ${help} |`);
    }
  }
  expect(rows(page('metrics')).toSorted()).toEqual([...expected.values()].toSorted());
});

/** prom-client keeps the names of labels to itself, and tells them in no other way. */
function labelsOf(metrics: Metrics, name: string): string {
  const { labelNames } = metrics.registry.getSingleMetric(name) as unknown as { labelNames: string[] };
  return labelNames.length === 0 ? '' : labelNames.map((label) => `\`${label}\``).join(', ');
}

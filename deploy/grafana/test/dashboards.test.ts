/** The dashboards and rules say what the metrics are, no more and no less. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dashboardFiles, layoutFiles } from '../src/dashboards.ts';
import { namesIn, panelExpressions, ruleExpressions, rules, shown, variables } from './expressions.ts';

const root = new URL('../../../', import.meta.url);
const all = [...panelExpressions, ...ruleExpressions];

/** The page is held equal to the code by a test of its own. Name to labels. */
const ours = new Map(
  [
    ...readFileSync(new URL('docs/reference/metrics.md', root), 'utf8').matchAll(
      /^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm,
    ),
  ].map(([, name = '', , labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)]),
);
/** Of prom-client and of Prometheus. */
const theirs = ['nodejs_heap_size_used_bytes', 'process_cpu_seconds_total', 'nodejs_gc_duration_seconds', 'up'];
const recorded = rules.flatMap(({ record }) => record ?? []);

const familyOf = (metric: string): string => metric.replace(/_(bucket|sum|count)$/, '');
const isKnown = (metric: string): boolean =>
  [...ours.keys(), ...theirs].includes(familyOf(metric)) || [...ours.keys(), ...theirs, ...recorded].includes(metric);

test.each([
  ['deploy/grafana/dashboards/', dashboardFiles()],
  ['docs/pictures/', layoutFiles()],
])('what is committed in %s is what the sources make', (path, files) => {
  const folder = new URL(path, root);
  const committed = readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]);
  expect(Object.fromEntries(committed)).toEqual(Object.fromEntries(files));
});

describe('every expression', () => {
  test.each(all)('$where', ({ expr }) => {
    const { metrics, labels, aggregations } = namesIn(expr);
    expect(metrics.filter((metric) => !isKnown(metric))).toEqual([]);
    const known = ['job', 'instance', 'le', 'reason', ...[...ours.values()].flat()];
    expect(labels.filter((label) => !known.includes(label))).toEqual([]);
    // Each API process tells the facts of the cluster: a sum of them would count the API processes.
    for (const { metric, by } of aggregations)
      if (metric.startsWith('corral_cluster_') && metric !== 'corral_cluster_scrape_errors_total')
        expect(by[0], `around ${metric}`).toMatch(/^(max|min)/);
  });
});

test('every metric of ours is shown', () => {
  const used = new Set(panelExpressions.flatMap(({ expr }) => namesIn(expr).metrics).map(familyOf));
  const hint = 'show it in a panel of deploy/grafana/src, then: npm run generate -w @corral/grafana';
  expect(
    [...ours.keys()].filter((name) => !used.has(name)),
    hint,
  ).toEqual([]);
});

test('variables ask for a metric and a label that exist', () => {
  for (const { metric, label } of variables) expect([...(ours.get(metric) ?? []), 'instance']).toContain(label);
});

describe('every panel', () => {
  const panels = shown.flatMap(({ title: board, panels }) => panels.map((panel) => ({ board, ...panel })));
  test.each(panels.filter(({ targets }) => targets !== undefined))('$board: $title', (panel) => {
    const { description, datasource, fieldConfig, id } = panel as unknown as {
      description: string;
      datasource: { uid: string };
      fieldConfig: { defaults: { unit: string } };
      id: number;
    };
    expect(description).toMatch(/[.?]$/);
    expect(datasource.uid).toBe('$datasource');
    expect(fieldConfig.defaults.unit).toBeTruthy();
    expect(id).toBeGreaterThan(0);
    for (const { expr } of panel.targets ?? []) expect(expr).not.toMatch(/\b(rate|increase)\([^[]*\[\d/);
  });
});

test('every alert has a page that says what to do, and every page an alert', () => {
  const folder = new URL('docs/runbooks/', root);
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  for (const { alert, annotations } of alerts) {
    const page = new URL(annotations?.runbook_url ?? '', root);
    expect(existsSync(page), alert).toBe(true);
    expect(readFileSync(page, 'utf8').split('\n')[0]).toContain(alert);
  }
  const named = new Set(alerts.map(({ annotations }) => annotations?.runbook_url.split('/').at(-1)));
  expect(new Set(readdirSync(folder))).toEqual(named);
});

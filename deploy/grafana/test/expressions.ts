/** Every PromQL expression that is shipped, and what it names. */
import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { dashboardFiles } from '../src/dashboards.ts';

export interface Expression {
  /** For people: which panel, variable or rule. */
  where: string;
  expr: string;
}

interface Shown {
  title: string;
  panels: { title: string; targets?: { expr: string }[] }[];
  templating: { list: { name: string; type: string; query: string }[] };
}

export const shown: readonly Shown[] = [...dashboardFiles().values()].map((text) => JSON.parse(text) as Shown);

export const panelExpressions: readonly Expression[] = shown.flatMap((board) =>
  board.panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ where: `${board.title}: ${panel.title}`, expr })),
  ),
);

/** `label_values(metric, label)` of each variable that asks Prometheus. */
export const variables: readonly { where: string; metric: string; label: string }[] = shown.flatMap((board) =>
  board.templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      return { where: `${board.title}: ${name}`, metric, label };
    }),
);

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  annotations?: { summary: string; description: string; runbook_url: string };
}

const rulesFolder = new URL('../../prometheus/rules/', import.meta.url);

export const rules: readonly Rule[] = ['recording.yml', 'alerts.yml'].flatMap((file) => {
  const { groups } = parse(readFileSync(new URL(file, rulesFolder), 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
});

export const ruleExpressions: readonly Expression[] = rules.map(({ alert, record, expr }) => ({
  where: `rule ${alert ?? record}`,
  expr,
}));

/** With what Grafana would put in place of its variables. */
export const plain = (expr: string, interval = '1m'): string =>
  expr.replaceAll('$__rate_interval', interval).replaceAll('$__range', '10m').replace(/\$\w+/g, '.+');

export interface Names {
  metrics: string[];
  labels: string[];
  /** Aggregations around each metric, the innermost first. */
  aggregations: { metric: string; by: string[] }[];
}

/** What an expression names. Throws where it is no PromQL. */
export function namesIn(expr: string): Names {
  const text = plain(expr);
  const names: Names = { metrics: [], labels: [], aggregations: [] };
  const around: string[] = [];
  parser.parse(text).iterate({
    enter({ name, from, to, node }) {
      const here = text.slice(from, to);
      if (name === '⚠') throw new SyntaxError(`no PromQL near ${from}: ${text}`);
      if (name === 'AggregateExpr') around.push(text.slice(from, node.firstChild?.to));
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') {
        names.metrics.push(here);
        names.aggregations.push({ metric: here, by: [...around].reverse() });
      }
      if (name === 'LabelName') names.labels.push(here);
    },
    leave({ name }) {
      if (name === 'AggregateExpr') around.pop();
    },
  });
  return names;
}

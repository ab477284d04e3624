/** PromQL that several panels share. Which aggregation is right for which metric is said in docs/reference/metrics.md. */

/** A fact of the cluster: every API process tells the same, so `max`, never `sum`. */
export const fact = (metric: string, by = ''): string => `max${by === '' ? '' : ` by (${by})`} (${metric})`;

/** A rate of a counter that each process has for itself. */
export const rate = (metric: string, by = ''): string =>
  `sum${by === '' ? '' : ` by (${by})`} (rate(${metric}[$__rate_interval]))`;

/** A rate of a counter of the cluster. */
export const factRate = (metric: string, labels: string, by: string): string =>
  `sum by (${by}) (max by (${labels}) (rate(${metric}[$__rate_interval])))`;

/** `histogram`: name of the metric, without `_bucket`; `selector`: with braces. */
export function quantile(q: number, histogram: string, { by = '', selector = '' } = {}): string {
  const labels = by === '' ? 'le' : `${by}, le`;
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${histogram}_bucket${selector}[$__rate_interval])))`;
}

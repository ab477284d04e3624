/**
 * Counters and histograms whose series are found once and then counted on.
 *
 * prom-client looks up the labels of whatever it counts by a text that it makes of them each time: for the five figures of
 * each task that cost as much as to run the task. Here the lookup is left to who counts, and the text to who asks.
 */
import { Counter, type CounterConfiguration, type Metric, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

export interface CountSeries {
  count: number;
}

export class SeriesCounter {
  readonly #counter: Counter;
  readonly #series: { labels: Labels; series: CountSeries; told: number }[] = [];

  constructor(configuration: Omit<CounterConfiguration<string>, 'collect'>) {
    this.#counter = new Counter({ ...configuration, collect: () => this.#tell() });
  }

  /** Begins at 0, and is shown from now on. Once for the same labels. */
  series(labels: Labels): CountSeries {
    const series = { count: 0 };
    this.#series.push({ labels, series, told: 0 });
    return series;
  }

  #tell(): void {
    for (const each of this.#series) {
      this.#counter.inc(each.labels, each.series.count - each.told);
      each.told = each.series.count;
    }
  }
}

interface Exemplar {
  labelSet: Labels;
  value: number;
  timestamp: number;
}

export class HistogramSeries {
  readonly labels: Labels;
  /** One for each bucket, and one for what lies beyond. */
  readonly counts: number[];
  /** The last of each bucket. */
  readonly exemplars: Exemplar[] = [];
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = [...bounds, 0].fill(0);
  }

  /** `exemplar`: labels of what it was about, if somebody may ask. */
  observe(value: number, exemplar?: Labels): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
    if (exemplar !== undefined) this.exemplars[bucket] = { labelSet: exemplar, value, timestamp: Date.now() / 1000 };
  }
}

export interface SeriesHistogramConfiguration {
  name: string;
  help: string;
  labelNames: readonly string[];
  buckets: readonly number[];
  registry: Registry;
}

/** As a registry of prom-client wants a metric. It is shown by shadows (exposition.ts), so nothing in it is private. */
export class SeriesHistogram {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly bounds: readonly number[];
  readonly all: HistogramSeries[] = [];

  constructor({ name, help, labelNames, buckets, registry }: SeriesHistogramConfiguration) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.bounds = buckets;
    registry.registerMetric(this as unknown as Metric);
  }

  /** Is shown once it has counted something. Once for the same labels. */
  series(labels: Labels): HistogramSeries {
    const series = new HistogramSeries(labels, this.bounds);
    this.all.push(series);
    return series;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const used = this.all.filter(({ counts }) => counts.some((count) => count > 0));
    return { name, help, type, aggregator, values: used.flatMap((series) => this.valuesOf(series)) };
  }

  valuesOf({ labels, counts, exemplars, sum }: HistogramSeries) {
    let count = 0;
    const buckets = counts.map((inBucket, index) => {
      count += inBucket;
      const le = this.bounds[index] ?? '+Inf';
      const exemplar = exemplars[index];
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count, exemplar };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

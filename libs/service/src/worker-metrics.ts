/** What a worker does with tasks. Counters are of this process alone: sum them over workers. */
import type { AboutTask, Instrument, SettledState } from '@corral/scheduler';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { BoundedLabels, otherLabel } from './bounded-labels.ts';
import { callBuckets, durationBuckets, queueBuckets } from './buckets.ts';
import { DebugMetrics } from './debug-metrics.ts';
import type { Logger } from './logger.ts';
import { type CountSeries, type HistogramSeries, SeriesCounter, SeriesHistogram } from './series.ts';

const maxErrorTypes = 50;

/** Points of a graph that somebody may ask about lead to a task; the quick ones are too many to be worth it. */
const exemplarSeconds = 0.1;
/** All labels of an exemplar, names and values, may have 128 characters together. */
const longestExemplar = 128;

function observe(series: HistogramSeries, { id, traceId }: AboutTask, value: number): void {
  const length = 'task_id'.length + id.length + (traceId === undefined ? 0 : 'trace_id'.length + traceId.length);
  if (value < exemplarSeconds || length > longestExemplar) series.observe(value);
  else series.observe(value, { task_id: id, ...(traceId === undefined ? {} : { trace_id: traceId }) });
}

/** What is counted of every task, by its coroutine. */
interface TaskSeries extends Record<SettledState, { finished: CountSeries; duration: HistogramSeries }> {
  first: CountSeries;
  recovered: CountSeries;
  queued: HistogramSeries;
  slotSeconds: CountSeries;
}

/** As `Worker.statistics()` of the scheduler has them. */
export interface WorkerStatistics {
  readonly slots: number;
  readonly running: number;
  readonly suspended: number;
  readonly longestSlotMs: number;
}

export class WorkerMetrics {
  readonly instrument: Instrument;
  readonly #coroutines: BoundedLabels;
  readonly #tasks = new Map<string, TaskSeries>();
  readonly #newSeries: (coroutine: string) => TaskSeries;
  readonly #retries: Counter<'coroutine'>;
  readonly #suspensions: Counter<'coroutine'>;
  readonly #fenced: Counter<'coroutine'>;
  readonly #debug: DebugMetrics;
  #statistics: (() => WorkerStatistics) | undefined;

  constructor(registry: Registry, logger: Logger, maxCoroutines: number) {
    const registers = [registry];
    this.#coroutines = new BoundedLabels(maxCoroutines);
    const label = (coroutine: string): string => this.#coroutines.of(coroutine);
    this.#debug = new DebugMetrics(registry, logger, label);

    const starts = new SeriesCounter({
      name: 'corral_task_starts_total',
      help: 'Runs of tasks that this worker began: the first run, or one after a worker was lost or drained.',
      labelNames: ['coroutine', 'reason'],
      registers,
    });
    const finished = new SeriesCounter({
      name: 'corral_task_finished_total',
      help: 'Tasks that this worker settled.',
      labelNames: ['coroutine', 'outcome'],
      registers,
    });
    this.#retries = new Counter({
      name: 'corral_task_retries_total',
      help: 'Attempts of tasks that failed here and are followed by another.',
      labelNames: ['coroutine'],
      registers,
    });
    this.#suspensions = new Counter({
      name: 'corral_task_suspensions_total',
      help: 'Times that a coroutine gave up its slot to wait.',
      labelNames: ['coroutine'],
      registers,
    });
    this.#fenced = new Counter({
      name: 'corral_fenced_writes_total',
      help: 'Writes that were refused because another worker owns the task by now.',
      labelNames: ['coroutine'],
      registers,
    });
    const errors = new Counter({
      name: 'corral_task_errors_total',
      help: 'Tasks that failed here, by the type of the error.',
      labelNames: ['coroutine', 'type'],
      registers,
    });
    const slotSeconds = new SeriesCounter({
      name: 'corral_task_slot_seconds_total',
      help: 'Time for which coroutines have held slots: what the capacity is used for.',
      labelNames: ['coroutine'],
      registers,
    });
    const nonDeterminism = new Counter({
      name: 'corral_nondeterminism_errors_total',
      help: 'Tasks that failed because the replay of their coroutine went another way than its history.',
      registers,
    });
    const sessionsLost = new Counter({
      name: 'corral_sessions_lost_total',
      help: 'Times that the cluster gave this worker up while it lived.',
      registers,
    });
    const resumed = new Histogram({
      name: 'corral_task_resume_seconds',
      help: 'From the moment when a suspended coroutine could go on to the moment when it had a slot.',
      buckets: callBuckets,
      registers,
    });
    const queued = new SeriesHistogram({
      name: 'corral_task_queue_seconds',
      help: 'From the creation of a task to its first run.',
      labelNames: ['coroutine'],
      buckets: queueBuckets,
      registry,
    });
    const duration = new SeriesHistogram({
      name: 'corral_task_duration_seconds',
      help: 'From the start of a run on this worker to the end of the task, suspension included.',
      labelNames: ['coroutine', 'outcome'],
      buckets: durationBuckets,
      registry,
    });
    const swept = new Counter({
      name: 'corral_sweep_tasks_total',
      help: 'Tasks that the sweep moved: taken back from a lost worker, woken by a timer, hinted again, removed.',
      labelNames: ['what'],
      registers,
    });
    this.#gauges(registers);
    const ended = (coroutine: string, outcome: SettledState) => ({
      finished: finished.series({ coroutine, outcome }),
      duration: duration.series({ coroutine, outcome }),
    });
    this.#newSeries = (coroutine) => ({
      first: starts.series({ coroutine, reason: 'first' }),
      recovered: starts.series({ coroutine, reason: 'recovered' }),
      queued: queued.series({ coroutine }),
      slotSeconds: slotSeconds.series({ coroutine }),
      succeeded: ended(coroutine, 'succeeded'),
      failed: ended(coroutine, 'failed'),
      cancelled: ended(coroutine, 'cancelled'),
    });

    const errorTypes = new BoundedLabels(maxErrorTypes);
    this.instrument = {
      taskStarted: (task) => {
        const { first, recovered, queued } = this.#series(task.coroutine);
        const isFirst = task.attempt <= 1 && !task.replayed;
        (isFirst ? first : recovered).count += 1;
        if (isFirst) observe(queued, task, task.queuedMs / 1000);
      },
      taskSuspended: ({ coroutine }) => this.#suspensions.inc({ coroutine: label(coroutine) }),
      taskResumed: ({ waitedMs }) => resumed.observe(waitedMs / 1000),
      slotUsed: ({ coroutine, ms }) => {
        this.#series(coroutine).slotSeconds.count += ms / 1000;
      },
      sessionLost: () => sessionsLost.inc(),
      taskSettled: (task) => {
        const { coroutine, state, errorType } = task;
        const { finished, duration } = this.#series(coroutine)[state];
        finished.count += 1;
        observe(duration, task, task.ranMs / 1000);
        if (state !== 'failed') return;
        errors.inc({ coroutine: label(coroutine), type: errorTypes.admit(errorType ?? 'Error') });
        if (errorType === 'NonDeterminismError') nonDeterminism.inc();
      },
      found: (finding) => this.#debug.found(finding),
      taskRetried: ({ coroutine }) => this.#retries.inc({ coroutine: label(coroutine) }),
      fenced: ({ coroutine }) => this.#fenced.inc({ coroutine: label(coroutine) }),
      swept: ({ expired, timers, hinted, removed }) => {
        swept.inc({ what: 'expired' }, expired);
        swept.inc({ what: 'timers' }, timers);
        swept.inc({ what: 'hinted' }, hinted);
        swept.inc({ what: 'removed' }, removed);
      },
    };
    this.register([otherLabel]);
  }

  #gauges(registers: Registry[]): void {
    const read = (key: keyof WorkerStatistics): number => this.#statistics?.()[key] ?? 0;
    new Gauge({
      name: 'corral_worker_slots',
      help: 'Coroutines that may run at once.',
      registers,
      collect() {
        this.set(read('slots'));
      },
    });
    new Gauge({
      name: 'corral_worker_slots_in_use',
      help: 'Coroutines that run now.',
      registers,
      collect() {
        this.set(read('running'));
      },
    });
    new Gauge({
      name: 'corral_worker_suspended_tasks',
      help: 'Coroutines that wait in memory and hold no slot.',
      registers,
      collect() {
        this.set(read('suspended'));
      },
    });
    new Gauge({
      name: 'corral_worker_longest_slot_seconds',
      help: 'For how long the coroutine that has run longest without a wait has held its slot.',
      registers,
      collect() {
        this.set(read('longestSlotMs') / 1000);
      },
    });
  }

  /** Coroutines that this worker has loaded: each gets label values of its own while there is room. */
  register(coroutines: Iterable<string>): void {
    for (const name of coroutines) {
      const coroutine = this.#coroutines.admit(name);
      if (!this.#tasks.has(coroutine)) this.#tasks.set(coroutine, this.#newSeries(coroutine));
      this.#retries.inc({ coroutine }, 0);
      this.#suspensions.inc({ coroutine }, 0);
      this.#fenced.inc({ coroutine }, 0);
      this.#debug.register(coroutine);
    }
  }

  #series(coroutine: string): TaskSeries {
    return (this.#tasks.get(coroutine) ?? this.#tasks.get(otherLabel)) as TaskSeries;
  }

  watch(statistics: () => WorkerStatistics): void {
    this.#statistics = statistics;
  }
}

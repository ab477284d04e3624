/**
 * The cluster as the store counts it, told by every API process alike: take `max` over them, never `sum`. Read at most
 * once a second, whoever scrapes. While the store does not answer there is no series, and `corral_store_up` is 0.
 */
import type { ClusterFacts } from '@corral/scheduler';
import { Counter, Gauge, type Registry } from 'prom-client';
import { withDeadline } from './with-deadline.ts';

const freshMs = 1000;
const answerWithinMs = 2000;

type Sample = [value: number, labels?: Record<string, string>];

interface ClusterMetric {
  name: string;
  help: string;
  labelNames?: string[];
  samples(facts: ClusterFacts): Sample[];
}

const byLabel = (label: string, values: Record<string, number>): Sample[] =>
  Object.entries(values).map(([name, value]) => [value, { [label]: name }]);

const gauges: readonly ClusterMetric[] = [
  {
    name: 'corral_cluster_tasks',
    help: 'Unsettled tasks.',
    labelNames: ['state'],
    samples: ({ tasks }) => byLabel('state', tasks),
  },
  {
    name: 'corral_cluster_queued_tasks',
    help: 'Tasks that could start now if there were slots; beyond 200 entries the least that it can be.',
    samples: ({ queued }) => [[queued]],
  },
  {
    name: 'corral_cluster_oldest_pending_seconds',
    help: 'For how long the oldest task that could start, or that no worker can run, has waited.',
    samples: ({ oldestPendingMs }) => [[oldestPendingMs / 1000]],
  },
  {
    name: 'corral_cluster_unroutable_tasks',
    help: 'Tasks that no live worker can run.',
    labelNames: ['coroutine'],
    samples: ({ unroutable, settled }) => {
      const names = new Set(settled.map(({ coroutine }) => coroutine));
      const tasks = new Map(unroutable.map((entry) => [entry.coroutine, entry.tasks]));
      return [...names].map((coroutine) => [tasks.get(coroutine) ?? 0, { coroutine }]);
    },
  },
  {
    name: 'corral_cluster_late_timer_seconds',
    help: 'How late the next timer is; sweeps of workers fire them.',
    samples: ({ lateTimerMs }) => [[lateTimerMs / 1000]],
  },
  {
    name: 'corral_cluster_orphaned_tasks',
    help: 'Tasks of workers that are gone, on their way to others.',
    samples: ({ orphaned }) => [[orphaned]],
  },
  {
    name: 'corral_cluster_workers',
    help: 'Workers by state; lost: given up in the last hour.',
    labelNames: ['state'],
    samples: ({ workers }) => byLabel('state', workers),
  },
  {
    name: 'corral_cluster_slots',
    help: 'Slots of the workers that take tasks.',
    samples: ({ slots }) => [[slots]],
  },
  {
    name: 'corral_cluster_slots_in_use',
    help: 'Coroutines that hold a slot, as the workers told with their last beat.',
    samples: ({ slotsInUse }) => [[slotsInUse]],
  },
  {
    name: 'corral_cluster_open_gathers',
    help: 'Gathers that are not decided yet.',
    samples: ({ openGathers }) => [[openGathers]],
  },
  {
    name: 'corral_cluster_trees',
    help: 'Task trees that the store keeps, settled ones included.',
    samples: ({ trees }) => [[trees]],
  },
];

const counters: readonly ClusterMetric[] = [
  {
    name: 'corral_cluster_settled_total',
    help: 'Tasks that have ended, counted in the step that wrote the outcome.',
    labelNames: ['coroutine', 'outcome'],
    samples: ({ settled }) => settled.map(({ coroutine, state, tasks }) => [tasks, { coroutine, outcome: state }]),
  },
  {
    name: 'corral_cluster_created_total',
    help: 'Tasks that were created.',
    samples: ({ created }) => [[created]],
  },
  {
    name: 'corral_cluster_recovered_total',
    help: 'Tasks taken back from workers that were gone.',
    samples: ({ recovered }) => [[recovered]],
  },
];

export class ClusterMetrics {
  readonly #errors: Counter;
  #read: (() => Promise<ClusterFacts>) | undefined;
  #last: { at: number; facts: Promise<ClusterFacts | undefined> } | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    const facts = (): Promise<ClusterFacts | undefined> => this.#facts();
    this.#errors = new Counter({
      name: 'corral_cluster_scrape_errors_total',
      help: 'Times that the store did not tell the state of the cluster.',
      registers,
    });
    new Gauge({
      name: 'corral_store_up',
      help: '1 when the store told the state of the cluster just now.',
      registers,
      async collect() {
        this.set((await facts()) === undefined ? 0 : 1);
      },
    });
    for (const { name, help, labelNames = [], samples } of gauges)
      new Gauge({
        ...{ name, help, labelNames, registers },
        async collect() {
          const known = await facts();
          this.reset();
          this.remove({}); // what has no labels would be 0
          for (const [value, labels = {}] of known === undefined ? [] : samples(known)) this.set(labels, value);
        },
      });
    for (const { name, help, labelNames = [], samples } of counters)
      new Counter({
        ...{ name, help, labelNames, registers },
        async collect() {
          const known = await facts();
          this.reset();
          this.remove({});
          for (const [value, labels = {}] of known === undefined ? [] : samples(known)) this.inc(labels, value);
        },
      });
  }

  watch(read: () => Promise<ClusterFacts>): void {
    this.#read = read;
  }

  #facts(): Promise<ClusterFacts | undefined> {
    const now = performance.now();
    if (this.#last === undefined || now - this.#last.at > freshMs) this.#last = { at: now, facts: this.#ask() };
    return this.#last.facts;
  }

  async #ask(): Promise<ClusterFacts | undefined> {
    if (this.#read === undefined) return undefined;
    try {
      return await withDeadline(this.#read(), answerWithinMs);
    } catch {
      this.#errors.inc(); // the log has it already: the connection tells of its troubles once
      return undefined;
    }
  }
}

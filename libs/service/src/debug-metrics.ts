/** What debug mode finds: a line in the log and a count each. Counters stand at 0 without CORRAL_DEBUG. */
import type { Finding } from '@corral/scheduler';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from './logger.ts';
import { taskFields } from './task-fields.ts';

type ByCoroutine = Counter<'coroutine'>;

export class DebugMetrics {
  readonly #logger: Logger;
  readonly #label: (coroutine: string) => string;
  readonly #counters: Readonly<Record<Finding['kind'], ByCoroutine>>;

  constructor(registry: Registry, logger: Logger, label: (coroutine: string) => string) {
    this.#logger = logger;
    this.#label = label;
    const counter = (name: string, help: string): ByCoroutine =>
      new Counter({ name, help, labelNames: ['coroutine'], registers: [registry] });
    this.#counters = {
      slowStep: counter(
        'corral_slow_steps_total',
        'Debug mode: steps of a coroutine, from one await to the next, that held the event loop for too long.',
      ),
      neverRetrieved: counter(
        'corral_exceptions_never_retrieved_total',
        'Debug mode: errors of tasks that their creator never asked for.',
      ),
      neverAwaited: counter(
        'corral_coroutines_never_awaited_total',
        'Debug mode: coroutine objects that were made and never started.',
      ),
      destroyedPending: counter(
        'corral_tasks_destroyed_pending_total',
        'Debug mode: tasks and gathers that a root left behind, and that were cancelled with it.',
      ),
    };
  }

  register(coroutine: string): void {
    for (const counter of Object.values(this.#counters)) counter.inc({ coroutine }, 0);
  }

  found({ kind, message, place, count, error, ...task }: Finding): void {
    this.#counters[kind].inc({ coroutine: this.#label(task.coroutine) }, count);
    const cause = error === undefined ? {} : { err: error };
    this.#logger.warn({ ...taskFields(task), place, count, ...cause }, message);
  }
}

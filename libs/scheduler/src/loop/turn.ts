/**
 * What the coroutine asked for since its last suspension. Between two awaits the world stands still (program.md): the
 * requests are collected here and committed together when the microtasks are drained, so created tasks do not start
 * and cancels do not act before.
 */
import type { HistoryStep } from '../contract/history.ts';
import type { AskedGroup, Cancel, Spawn } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { ThreadCall } from '../contract/threads.ts';

/** What is done on this worker alone: a function on its event loop, or one on a thread. */
export type SideEffect =
  | { kind: 'step'; run: () => unknown }
  | { kind: 'thread'; call: ThreadCall; signal: AbortSignal };

export class TurnRequests {
  readonly steps: HistoryStep[] = [];
  readonly spawns: Spawn[] = [];
  readonly groups: AskedGroup[] = [];
  readonly timers: { op: number; ms: number }[] = [];
  readonly clearTimers: number[] = [];
  readonly cancels: Cancel[] = [];
  readonly cancelGroups: Cancel[] = [];
  /** Tasks of others whose end this one wants to hear of. */
  readonly subscriptions: { op: number; id: TaskId }[] = [];
  /** Side effects to run on this worker; their results come back as events. */
  readonly sideEffects: { op: number; effect: SideEffect }[] = [];
  readonly logs: string[] = [];
  progress: string | undefined;

  /** Whether anybody else would notice: these take effect even when the task ends with this turn. */
  get outward(): boolean {
    return this.spawns.length + this.groups.length + this.cancels.length + this.cancelGroups.length > 0;
  }

  /** Whether it concerns nobody but the task: no other, and nothing that another could tell it. */
  get inward(): boolean {
    return !this.outward && this.subscriptions.length === 0;
  }

  /** Whether it is one gather, and the wait for it. */
  get isOneGather(): boolean {
    const others = this.spawns.length + this.cancels.length + this.cancelGroups.length + this.subscriptions.length;
    const own = this.timers.length + this.clearTimers.length + this.sideEffects.length;
    return this.groups.length === 1 && others + own === 0;
  }

  /** Whether the store has to hear of it before the coroutine can go on. Deliveries alone can wait for the next turn. */
  get urgent(): boolean {
    return this.outward || this.timers.length + this.clearTimers.length + this.subscriptions.length > 0;
  }

  /** Whether there is something that people may see. */
  get talks(): boolean {
    return this.logs.length > 0 || this.progress !== undefined;
  }

  /** Adds what came later. */
  append(later: TurnRequests): void {
    this.steps.push(...later.steps);
    for (const spawn of later.spawns) this.spawns.push(spawn);
    this.groups.push(...later.groups);
    this.timers.push(...later.timers);
    this.clearTimers.push(...later.clearTimers);
    this.cancels.push(...later.cancels);
    this.cancelGroups.push(...later.cancelGroups);
    this.subscriptions.push(...later.subscriptions);
    this.sideEffects.push(...later.sideEffects);
    this.logs.push(...later.logs);
    if (later.progress !== undefined) this.progress = later.progress;
  }
}

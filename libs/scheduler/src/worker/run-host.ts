/** What a run may ask of the worker that drives it. */
import type { Clock } from '../contract/clock.ts';
import type { Instrument } from '../contract/instrument.ts';
import type { Limits } from '../contract/limits.ts';
import type { AskedTurn, Claim, SettleAnswer, Settlement, Token, TurnAnswer } from '../contract/store.ts';
import type { TaskId } from '../contract/task.ts';
import type { Threads } from '../contract/threads.ts';
import type { StepWatch } from '../loop/oversights.ts';
import type { Birth } from './birth.ts';
import type { GroupResults } from './members.ts';
import type { Parking } from './parking.ts';
import type { TaskRun } from './run.ts';
import type { Slots } from './slots.ts';

export interface RunHost {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly instrument: Instrument;
  readonly limits: Limits;
  readonly threads: Threads;
  /** In debug mode. */
  readonly watch: StepWatch | undefined;
  commit(turn: AskedTurn): Promise<TurnAnswer>;
  /** Fences the run and lets another worker, or this one, run the task from what is recorded. */
  giveBack(run: TaskRun, reason: string): void;
  settle(settlement: Settlement): Promise<SettleAnswer>;
  /** So many outcomes wait for the store that no more tasks should be taken for them. */
  readonly congested: boolean;
  /** All results of a group, or only that of member `index`. */
  members(group: TaskId, index: number | undefined): Promise<GroupResults>;
  /** Another attempt of a task follows in so many milliseconds. */
  retryLater(task: TaskId, ms: number): void;
  /** The coroutine of the root has ended, tasks of its tree have not. */
  endTree(root: TaskId): Promise<void>;
  /** This worker stops: what suspends goes on elsewhere. */
  readonly draining: boolean;
  /** Who rests here, and for how long. */
  readonly parking: Pick<Parking, 'rests' | 'goesOn'>;
  /** Who waits here for a moment, unrecorded. */
  readonly naps: { readonly areTooMany: boolean; rests(run: TaskRun): void; goesOn(run: TaskRun): void };
  /** For members of a gather that begin here before the store knows of them; no other claim has it. */
  newToken(): Token;
  /** Begins one; undefined when its coroutine is not known here. */
  beginMember(claim: Claim, birth: Birth): TaskRun | undefined;
  /** There may be news of these tasks. */
  hear(ids: readonly TaskId[]): void;
  /** For tests: forget the coroutine at every suspension, and replay it when something happens. */
  readonly alwaysReplay: boolean;
}

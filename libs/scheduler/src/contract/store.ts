/**
 * The port behind which the truth lives. Each method is one atomic step (in Redis: one Lua script), takes many tasks of
 * one partition at once, and may be sent twice: the second time it changes nothing and answers the same (rule 3).
 *
 * Invariants that every implementation keeps:
 * T1 an outcome is written once and never changes.
 * T2 only the holder of the current token commits or settles; anybody else is answered `fenced` and changes nothing.
 * T3 an unsettled task is in exactly one of these places: `backlog` of its group (a member that was not dispatched yet),
 *    `ready`, `hinted`, `stranded` (no live worker knows the coroutine), claimed by a live session, or parked: suspended
 *    and run by nobody, until the script that brings an event for it makes it ready. A root whose
 *    coroutine has ended and whose tree has not is claimed by nobody and waits for the last task of its tree. A task
 *    that is retried waits for the last child of the failed attempt, then for its time.
 * T4 the counts of a task's children add up: each transition moves one child from one count to another.
 * T5 the counts of all tasks by state, and of what has ended, follow each transition in the same step (contract/cluster.ts).
 * D1 whatever is `ready` or `hinted` reaches a worker: sweep gives overdue hints back to `ready`.
 * D2 a second claim of the same task by a hint finds nothing to do.
 * I1 a settled task is never claimed again. I2 a parent's inbox gets one event for each child or group decision.
 * I3 a submit that was answered exists.
 *
 * `hints` in an answer: tasks that this call moved from `ready` to `hinted` in the caller's name. The caller hands them
 * to Dispatch; should it die first, they are overdue after two seconds and the sweep hands them out again.
 *
 * Direct hints: while workers have room, `submit` tells one of them of a new root at once (Listener.hints), and not its
 * caller. A session gets one only while it listens, takes tasks, knows the coroutine, and has half of its slots free,
 * counting all hints on their way; one that does not come to claim what it was told of gets no other, from 50 ms after that
 * for 30 s: it may have died, or be held up, or hear nothing. Of up to three sessions one that runs nothing is told, else the
 * one with the largest share of free slots. Such a hint is overdue after 300 ms.
 *
 * Direct claims: a root that has just come, is small and has no time by which it must start is claimed by `submit` for a
 * session that is told directly and has claimed nothing: it hears of the claim (Listener.claim) and need not come for it.
 * Should it not hear that, the task is among those that it holds and does not run (`held`). Only where there is one
 * partition: of what a session does in others the store knows nothing at that moment.
 *
 * A call touches one partition. What a task asks of one in another partition (to hear of its end, a cancel), and the
 * answer, are *letters*: written into the outbox of the sender's partition in the same step as their cause, carried by
 * any worker, taken in order and once. `mail` in an answer: partitions that this call wrote letters to. The caller
 * carries them (outbox, deliver); should it die first, the next sweep tells of them.
 *
 * Deadlock: the sweep looks at suspended tasks that wait for others by their ids. When all that such a task waits for, at
 * one hand or another, is suspended and waits for nothing outside of this set, they wait in a circle. Of the tasks in it
 * that wait by id the youngest hears that what it waits for has failed with a DeadlockError.
 *
 * Fairness: `ready` is ordered by start-time fair queueing (Goyal, Vin, Chen 1996): each tree has a virtual clock that
 * advances by one for each task, so trees take turns and a small tree passes a large one. A higher
 * priority passes a lower one. Revived tasks go first.
 * Window: no more is hinted at once than there are free slots: those of all live sessions that take work, less the tasks
 * that run there and do not rest (`Next.resting`); a root whose coroutine has ended needs none. Who has a slot to spare when
 * it settles, or will have one when it has committed what suspends, takes what comes next in the same call (`Next`), without a
 * hint: first what has been on its way for 50 ms, then what is ready, for slots that no hint is on its way to.
 */

import type { Hint } from './dispatch.ts';
import type { SessionState } from './heartbeat.ts';
import type { HistoryEntry, TaskEvent } from './history.ts';
import type { GroupMembers, Outcome } from './outcome.ts';
import type { SessionId, TaskId } from './task.ts';
import type { TaskRecord } from './views.ts';

/** `<attempt>:<session>:<nonce>`: new with each claim (H12: a bare attempt number can be issued twice). */
export type Token = string;

export interface NewRoot {
  id: TaskId;
  coroutine: string;
  args: string;
  /** JSON of KeptOptions, as of any new task. The store heeds the priority, and by when the task must start
   *  (time-limits.ts). */
  options: string;
  /** The tree is removed so long after the root has settled; one that came in a bundle, after all of the bundle have. */
  resultTtlMs: number;
  /** Scoped to the partition of the first task that used it; kept 24 h, but no longer than its tree. `fingerprint`: of
   *  name, args and options. */
  idempotency?: { key: string; fingerprint: string };
}

/** A member of a gather, whose id is `<group>.<index>`, or of a bundle: roots that came together (ids.ts). */
export interface Member {
  group: TaskId;
  index: string;
}

export interface Claim {
  id: TaskId;
  /** As its id says. */
  member?: Member | undefined;
  token: Token;
  coroutine: string;
  args: string;
  options: string;
  attempt: number;
  parent: TaskId | undefined;
  createdAt: number;
  startedAt: number;
  /** When the present attempt of the coroutine was claimed first. */
  begunAt: number;
  /** The store's time of this claim. */
  claimedAt: number;
  history: HistoryEntry[];
  events: TaskEvent[];
  /** Number of commits so far; the next one carries `seq = commits + 1`. */
  commits: number;
  /** Log entries of the present attempt of the coroutine that are already kept. */
  logged: number;
  /** Attempts of the coroutine that have failed and were retried. */
  failures: number;
  /** Operations of the present attempt are numbered from here on, so that its tasks are not taken for those of an attempt
   *  before. */
  firstOp: number;
}

export interface Spawn {
  id: TaskId;
  /** The operation of the parent that gets the event `settled`. */
  op: number;
  coroutine: string;
  args: string;
  options: string;
}

/** A gather. `id.0` ... `id.<n-1>` are its members. */
export interface NewGroup {
  id: TaskId;
  op: number;
  /** So many members were sent ahead (Store.stage). */
  staged?: number;
  /** The others. */
  members: readonly GroupMember[];
  returnExceptions: boolean;
  /** At most so many members dispatched and unsettled at once; 0: no limit. */
  limit: number;
  /** The first members have begun already. */
  begun?: BegunMembers | undefined;
}

/** Members that the worker of the parent has begun by itself: claims of its session, under a token that no other claim has. */
export interface BegunMembers {
  token: Token;
  /** JSON of the results of those that have succeeded. When they are all, the group is decided, and the event that tells so is
   *  one of the turn's own (Turn.events). */
  results: readonly string[];
  /** So many after them run. */
  running: number;
}

/** As it was asked for; its members come when they are looked at. */
export type AskedGroup = Omit<NewGroup, 'staged' | 'members'> & { members: Iterable<GroupMember> };

export interface GroupMember {
  coroutine: string;
  args: string;
  options: string;
}

/** `wave`: the cancels that one act sends out (history.ts). */
export interface Cancel {
  id: TaskId;
  message: string | undefined;
  wave?: string | undefined;
  /** A task that never started does start, and is cancelled at its first await. */
  afterStart?: boolean;
}

/** What one turn of a task asks for. The effects happen in the order of the fields. */
export interface Turn {
  id: TaskId;
  token: Token;
  /** 1, 2, 3 ...: a turn that was applied already is answered again and not applied again. */
  seq: number;
  /** Number of inbox events that the worker has; newer ones come back in the answer. */
  known: number;
  history: HistoryEntry | undefined;
  spawns: readonly Spawn[];
  groups: readonly NewGroup[];
  /** Fire at store time now + ms, as event `timer`. */
  timers: readonly { op: number; ms: number }[];
  /** Timers that are not wanted any more. */
  clearTimers: readonly number[];
  /** Own outcomes (steps, timers that ran out here): appended to the own inbox; a timer only if it was still set. */
  events: readonly TaskEvent[];
  /** So many of `events`, the first ones, the coroutine has been given already: they stand in the inbox before all that its worker
   *  has not heard of. */
  early?: number;
  cancels: readonly Cancel[];
  /** Groups to cancel: undispatched members end as cancelled, each dispatched one gets a cancel. */
  cancelGroups: readonly Cancel[];
  /** Tasks of any tree and partition whose end is to be told: event `settled` with this operation, at once when it has
   *  ended; a LookupError for an id that does not exist. */
  subscriptions: readonly { op: number; id: TaskId }[];
  /** JSON of each entry. */
  logs: readonly string[];
  progress: string | undefined;
  /** The task waits for nothing but loop operations: the record says `suspended`. */
  suspended: boolean;
  /** The coroutine of a root has ended with this turn: what it has created in it never starts (asyncio.run). */
  ends?: boolean;
  /** While suspended: the tasks, and the groups of its own, without whose end nothing can happen to it. Absent when
   *  something else can (a timer), or when there are too many. */
  waits?: readonly TaskId[] | undefined;
}

/** Before members of its gathers were sent ahead. */
export type AskedTurn = Omit<Turn, 'groups'> & { groups: readonly AskedGroup[] };

/** Such turns create tasks: a store whose memory is full refuses them, and takes all others. */
export const isGrowing = ({ spawns, groups }: Pick<AskedTurn, 'spawns' | 'groups'>): boolean =>
  spawns.length > 0 || groups.length > 0;

/** Events number `from` and following of the inbox of a task. */
export interface News {
  id: TaskId;
  from: number;
  events: TaskEvent[];
}

/** The inbox of another claim may have other events under these numbers: who is told looks at the token. */
export interface ClaimNews extends News {
  token: Token;
}

/** `behind`: the store knows of fewer turns, events or staged members than the caller, whose claim it is: it has lost the end of what it had
 *  acknowledged (power loss, failover). Nothing was changed; the task is to be released and replayed from what is left. */
export type TurnAnswer = { kind: 'committed'; events: TaskEvent[] } | { kind: 'fenced' } | { kind: 'behind' };

export interface Settlement {
  id: TaskId;
  /** As its claim has it, of a task that has made no turn: the store may have no record of it, which costs least. */
  member?: Member | undefined;
  token: Token;
  outcome: Outcome;
  /** The coroutine is to be run again after `ms`, unless a cancel of the task was requested; operations of the next attempt
   *  are numbered from `firstOp` on. */
  retry: { ms: number; firstOp: number } | undefined;
  logs: readonly string[];
  progress: string | undefined;
  /** A gather of this member of another, all of whose members have begun and succeeded (NewGroup.begun): nobody has been told of it
   *  before. A store whose memory is full refuses it. */
  gathered?: NewGroup | undefined;
}

/** Such settlements create tasks, as growing turns do. */
export const isGathering = ({ gathered }: Settlement): boolean => gathered !== undefined;

/** Who settles, or commits what suspends, takes up to `max` tasks more; the same session, lane and nonce get the same again.
 *  Calls of one lane follow each other. */
export interface Next {
  lane: string;
  session: SessionId;
  nonce: string;
  max: number;
  /** So many of the tasks that the session has claimed in this partition hold no slot now, though nothing of them is recorded and
   *  they count as running. Absent: as it was told before. */
  resting?: number | undefined;
}

/** From one partition to another (Store.outbox). */
export interface Letter {
  number: number;
  text: string;
}

/** `ending`: a root whose coroutine has ended while tasks of its tree still run; the last of them settles it.
 *  `retrying`: another attempt follows. */
export type SettleAnswer = { kind: 'settled' } | { kind: 'ending' } | { kind: 'retrying' } | { kind: 'fenced' };

export interface ReceiveRequest {
  id: TaskId;
  token: Token;
  /** So many events have come, and so many turns have been acknowledged: a store that has fewer is `behind`. */
  known: number;
  commits: number;
}

/** `known`: inbox events that the coroutine has been given. */
export interface ParkRequest {
  id: TaskId;
  token: Token;
  known: number;
  /** It is made ready after so many milliseconds at the latest, for whoever claims it to see that a time limit is over. */
  wakeMs: number | undefined;
}

/** `news`: its inbox has more than the caller knows, or it does not wait; it goes on where it is. */
export type ParkAnswer = 'parked' | 'news' | 'fenced';

export type CancelAnswer = 'requested' | 'settled' | 'unknown';

export interface SessionInfo {
  id: SessionId;
  host: string;
  pid: number;
  version: string;
  slots: number;
  coroutines: readonly { name: string; argsSchema?: unknown; version: string }[];
}

export interface Beat extends SessionState {
  session: SessionId;
  /** Its event loop has not turned for several seconds: a coroutine holds it. */
  stuck: boolean;
}

export interface SweepAnswer {
  hints: Hint[];
  /** Partitions for which letters lie in the outbox. */
  mail: number[];
  /** Tasks taken back from sessions that are gone. */
  expired: number;
  timers: number;
  /** Tasks of settled trees that were removed because their time is over. */
  removed: number;
  /** Live sessions and the sum of their slots: sizes of batches follow them. */
  workers: number;
  slots: number;
  /** More work of this kind is left than one call may do: call again soon. */
  more: boolean;
}

/** Hears what may be lost, doubled and reordered: never the only way to learn something. */
export interface Listener {
  /** Tasks that have news: own claimed ones with inbox events, and watched ones (Views.watch). `ended`: records of those
   *  among them that have settled, where the store can tell them at once: an outcome does not change any more (T1). */
  news(ids: readonly TaskId[], ended: ReadonlyMap<TaskId, TaskRecord>): void;
  /** New events of own claimed tasks, where the store can tell them at once; in place of their ids. */
  events?(news: readonly ClaimNews[]): void;
  /** Direct hints for this session. */
  hints?(partition: number, hints: readonly Hint[]): void;
  /** A direct claim for this session. Their numbers grow: one that does not exceed those before comes again, or too late. */
  claim?(claim: Claim, number: number): void;
}

export interface Store {
  readonly partitions: number;

  /** Creates roots, at `createdAt`. `hints`: without those that a worker has been told of directly. `existing` tells, root by
   *  root, the id under which the same idempotency key was first used. */
  submit(
    partition: number,
    roots: readonly NewRoot[],
  ): Promise<{ existing: (TaskId | 'conflict' | undefined)[]; createdAt: number; hints: Hint[] }>;

  /** Claims at most `max` of `ids`, and with large arguments and histories no more than about 4 MiB; the others go back to `ready`. What was claimed or settled before is left out.
   *  The same session and nonce get the same claims again.
   *  A root or a spawn that had to start by a time which is over ends as failed, here or by the sweep. What else limits a
   *  task, its worker sees to: members of gathers and the coroutine's own limits included. */
  claim(
    partition: number,
    session: SessionId,
    nonce: string,
    ids: readonly TaskId[],
    max: number,
  ): Promise<{ claims: Claim[]; hints: Hint[] }>;

  /** Adds members to a group that a later turn of the same claim will commit; nobody sees them before, and those of
   *  another claim are forgotten. `from`: index of the first. False: those before are not there any more. */
  stage(
    partition: number,
    group: TaskId,
    token: Token,
    from: number,
    members: readonly GroupMember[],
  ): Promise<boolean>;

  /** `slots`: of all live sessions that take work. `news`: events for other tasks of the calling session; `listen` does not tell them again. They are a hint too: they
   *  are lost with the answer. */
  commit(
    partition: number,
    turns: readonly Turn[],
    next?: Next,
  ): Promise<{ answers: TurnAnswer[]; claims: Claim[]; hints: Hint[]; news: News[]; mail: number[]; slots: number }>;

  /** Writes outcomes, decides groups, and puts the event into the parent's inbox, all in one step.
   *  A failed attempt that is retried has no outcome: its history and its inbox are dropped, its children are cancelled,
   *  and what they or its timers still have to tell reaches nobody. When they have ended the task waits for its time, and
   *  then it is ready. A cancel in the meantime ends it at once. */
  settle(
    partition: number,
    settlements: readonly Settlement[],
    next?: Next,
  ): Promise<{ answers: SettleAnswer[]; claims: Claim[]; hints: Hint[]; news: News[]; mail: number[] }>;

  /** A page of the letters to partition `to`, oldest first. Those up to number `taken` have been delivered: removed. */
  outbox(partition: number, to: number, taken: number): Promise<Letter[]>;
  /** Letters from partition `from`, as its outbox gave them. Each is taken once, however often it comes. */
  deliver(partition: number, from: number, letters: readonly Letter[]): Promise<{ hints: Hint[]; mail: number[] }>;

  /** A started task gets a cancel event, unless it has one of this wave and message: then the call was sent twice. One
   *  that never started, or whose next attempt has not, ends as cancelled at once. Only a child that has been handed out
   *  for the first time gets half a second to start and then to hear of it, as it would have started in asyncio. */
  cancel(partition: number, targets: readonly Cancel[]): Promise<{ answers: CancelAnswer[]; hints: Hint[] }>;

  /** Cancels a page of what a task has created, in that order, backlogs of gathers included; '' begins, `next` goes on.
   *  `parents`: those of the page that have created tasks themselves, settled ones included. A task that has an event of
   *  this wave is left alone: the page was sent twice. */
  cancelChildren(
    partition: number,
    parent: Cancel,
    after: string,
  ): Promise<{ parents: TaskId[]; next: string | undefined; hints: Hint[] }>;

  /** Inbox events of claimed tasks from number `known` on; `fenced` when the token is not current any more. */
  receive(partition: number, tasks: readonly ReceiveRequest[]): Promise<TurnAnswer[]>;

  /** Gives up claims of suspended tasks that have had `known` events: nobody runs them until there is another one, which
   *  makes them ready in the same step. That counts no attempt. */
  park(partition: number, tasks: readonly ParkRequest[]): Promise<ParkAnswer[]>;

  /** Outcomes of the members `from` ... `from + count - 1`; undefined for one that has not ended. Fewer, but one at
   *  least, when they have more than 4 MiB (contract/limits.ts). */
  members(partition: number, group: TaskId, from: number, count: number): Promise<GroupMembers>;

  /** Cancels a page of the unsettled tasks below a root, and the backlogs of gathers on the way; '' begins, `next` goes
   *  on. After the coroutine of the root has ended, each task is cancelled once, and what is begun after that is left
   *  alone until those have ended: then it is cancelled in its turn (asyncio.run). */
  cancelTree(partition: number, root: TaskId, after: string): Promise<{ next: string | undefined; hints: Hint[] }>;

  /** Makes a session known, or changes what it serves; one that was given up stays so. `beat` tells that it lives. False: it
   *  was given up; start a new one. */
  register(session: SessionInfo): Promise<void>;
  beat(beat: Beat): Promise<boolean>;
  /** Gives claimed tasks back to `ready` without counting an attempt. With no ids: all, and the session ends. */
  release(partition: number, session: SessionId, ids?: readonly TaskId[]): Promise<{ hints: Hint[] }>;

  /** What the session has claimed, if that is more than `known` tasks; else nothing. */
  held(partition: number, session: SessionId, known: number): Promise<TaskId[]>;

  /** Expires dead sessions, fires due timers, begins attempts that are due, gives overdue hints (older than `hintTtlMs`)
   *  back to `ready`, and removes settled trees whose time is over, all that is known of them, in pages: the root's record
   *  first. */
  sweep(partition: number, hintTtlMs: number): Promise<SweepAnswer>;

  /** Calls back with what is for the session, or for clients. */
  listen(session: SessionId | undefined, listener: Listener): Promise<{ close(): Promise<void> }>;

  close(): Promise<void>;
}

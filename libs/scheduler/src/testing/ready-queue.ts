/**
 * Where tasks wait for a worker: `ready`, in the order of fair queueing; `hinted`, on their way to a worker; `stranded`,
 * while no live worker knows their coroutine.
 *
 * Q1 a task is in at most one of the three (T3). Q2 a group stands in `ready` once, as long as it may dispatch a member.
 * Q3 a tree's next task starts one virtual second after its last one, but never before the task taken last (V): trees
 * take turns, and one that was idle gains nothing by it. Q4 revived tasks pass all others.
 */
import type { Hint } from '../contract/dispatch.ts';
import { Heap } from './heap.ts';
import { dispatchable, type MemoryGroup, type MemoryTask, mayDispatch, nextMember } from './memory-task.ts';

/** The usual time that a hint may take; the sweep says it. */
export const hintTtlMs = 2_000;
const hintsPerCall = 200;
/** Stranded tasks cost a look and give no hint. */
const looksPerCall = 1_000;

type Item = MemoryTask | MemoryGroup;

interface Entry {
  item: Item;
  start: number;
  /** Higher first. */
  priority: number;
  revived: boolean;
  gone: boolean;
}

const isGroup = (item: Item): item is MemoryGroup => 'members' in item;
const isTask = (item: Item): item is MemoryTask => !isGroup(item);

export class ReadyQueue {
  readonly #ready = new Heap<Entry>(
    (a, b) => Number(b.revived) - Number(a.revived) || b.priority - a.priority || a.start - b.start,
  );
  readonly #entries = new Map<Item, Entry>();
  /** The time of the hint. */
  readonly #hinted = new Map<MemoryTask, number>();
  readonly #stranded = new Map<MemoryTask, Entry>();
  readonly #dispatch: (group: MemoryGroup) => MemoryTask;
  #virtual = 0;

  /** `dispatch` makes a task of the first member of a group's backlog. */
  constructor(dispatch: (group: MemoryGroup) => MemoryTask) {
    this.#dispatch = dispatch;
  }

  add(task: MemoryTask): void {
    this.#enqueue(this.#entry(task));
  }

  addGroup(group: MemoryGroup): void {
    if (mayDispatch(group) && !this.#entries.has(group)) this.#enqueue(this.#entry(group));
  }

  revive(task: MemoryTask): void {
    this.remove(task);
    this.#enqueue({ item: task, start: 0, priority: 0, revived: true, gone: false });
  }

  remove(task: MemoryTask): void {
    const entry = this.#entries.get(task);
    if (entry !== undefined) entry.gone = true;
    this.#entries.delete(task);
    this.#hinted.delete(task);
    this.#stranded.delete(task);
  }

  /** Moves tasks from `ready` to `hinted` while `window` allows it. */
  take(window: number, serves: (coroutine: string) => boolean, now: number): Hint[] {
    const hints: Hint[] = [];
    for (let looks = 0; looks < looksPerCall && hints.length < hintsPerCall && this.#hinted.size < window; looks++) {
      const [task, entry] = this.#next(() => true) ?? [];
      if (task === undefined || entry === undefined) break;
      if (serves(task.work.coroutine)) {
        this.#hinted.set(task, now);
        hints.push({ id: task.id, priority: task.priority });
      } else this.#stranded.set(task, { ...entry, item: task });
    }
    return hints;
  }

  /** The next one that this is something for: it is nowhere then. */
  takeOne(isFor: (coroutine: string) => boolean): MemoryTask | undefined {
    return this.#next(isFor)?.[0];
  }

  #next(isFor: (coroutine: string) => boolean): [MemoryTask, Entry] | undefined {
    const stay: Entry[] = [];
    let found: [MemoryTask, Entry] | undefined;
    while (found === undefined) {
      const entry = this.#ready.pop();
      if (entry === undefined) break;
      if (entry.gone) continue;
      if (isGroup(entry.item) && !mayDispatch(entry.item)) {
        this.#entries.delete(entry.item);
        continue;
      }
      const { coroutine } = isGroup(entry.item) ? nextMember(entry.item) : entry.item.work;
      if (!isFor(coroutine)) {
        stay.push(entry);
        continue;
      }
      this.#entries.delete(entry.item);
      if (!entry.revived && entry.priority === 0) this.#virtual = entry.start;
      found = [isGroup(entry.item) ? this.#dispatch(entry.item) : entry.item, entry];
      if (isGroup(entry.item)) this.addGroup(entry.item);
    }
    for (const entry of stay) this.#ready.push(entry);
    return found;
  }

  /** The hint has met a worker that does not know the coroutine: others get it, or it strands. */
  misrouted(task: MemoryTask, serves: (coroutine: string) => boolean, overdueSince: number): void {
    if (this.#entries.has(task) || this.#stranded.has(task)) return;
    this.#hinted.delete(task);
    if (serves(task.work.coroutine)) this.#hinted.set(task, overdueSince);
    else this.#stranded.set(task, { item: task, start: 0, priority: 0, revived: true, gone: false });
  }

  unstrand(serves: (coroutine: string) => boolean): void {
    for (const [task, entry] of this.#stranded) {
      if (!serves(task.work.coroutine)) continue;
      this.#stranded.delete(task);
      this.#enqueue(entry);
    }
  }

  /** A hinted task is overdue at `hintedAt` + the usual time, if not sooner; false when it is not hinted. */
  hurry(task: MemoryTask, hintedAt: number): boolean {
    const since = this.#hinted.get(task);
    if (since !== undefined) this.#hinted.set(task, Math.min(since, hintedAt));
    return since !== undefined;
  }

  /** How many tasks are on their way to a worker. */
  get hinted(): number {
    return this.#hinted.size;
  }

  /** What was hinted by then, the first first, except what is in a hurry. */
  late(by: number, isFor: (coroutine: string) => boolean): MemoryTask[] {
    const late = [...this.#hinted].filter(([task, hintedAt]) => hintedAt <= by && isFor(task.work.coroutine));
    return late.sort(([a, atA], [b, atB]) => atA - atB || (a.id < b.id ? -1 : 1)).map(([task]) => task);
  }

  overdue(before: number): MemoryTask[] {
    return [...this.#hinted].filter(([, hintedAt]) => hintedAt < before).map(([task]) => task);
  }

  /** Those that were cancelled and have had their moment to start, the last first, as the store on Redis has them. */
  overdueUnstarted(before: number): MemoryTask[] {
    const unstarted = [...this.#hinted].filter(([task, hintedAt]) => task.unstarted !== undefined && hintedAt < before);
    return unstarted.sort(([a, atA], [b, atB]) => atB - atA || (a.id < b.id ? -1 : 1)).map(([task]) => task);
  }

  /** `queued`: what could be dispatched now. `oldestMs`: of that and of what is stranded. */
  statistics(now: number): { queued: number; oldestMs: number; stranded: string[] } {
    const entries = [...this.#entries.keys()];
    const tasks = [...entries.filter(isTask), ...this.#hinted.keys(), ...this.#stranded.keys()];
    const groups = entries.filter(isGroup).filter(mayDispatch);
    const since = [...tasks.map(({ waitsSince }) => waitsSince), ...groups.map(({ createdAt }) => createdAt)];
    return {
      queued: tasks.length - this.#stranded.size + groups.reduce((sum, group) => sum + dispatchable(group), 0),
      oldestMs: Math.max(0, ...since.map((at) => now - at)),
      stranded: [...this.#stranded.keys()].map(({ work }) => work.coroutine),
    };
  }

  has(task: MemoryTask): boolean {
    return this.#entries.has(task) || this.#hinted.has(task) || this.#stranded.has(task);
  }

  /** Names of all that waits here. */
  kept(): string[] {
    return [...this.#entries.keys(), ...this.#hinted.keys(), ...this.#stranded.keys()].map(({ id }) => `ready:${id}`);
  }

  #entry(item: Item): Entry {
    const tree = isGroup(item) ? item.parent.tree : item.tree;
    const start = Math.max(this.#virtual, tree.virtual);
    tree.virtual = start + 1;
    return { item, start, priority: isGroup(item) ? 0 : item.priority, revived: false, gone: false };
  }

  #enqueue(entry: Entry): void {
    this.#entries.set(entry.item, entry);
    this.#ready.push(entry);
  }
}

/** The port Views over the partitions in memory. Answers are copies. */
import { type ClusterFacts, mergeFacts } from '../contract/cluster.ts';
import type { HistoryEntry, TaskEvent } from '../contract/history.ts';
import { partitionOf } from '../contract/ids.ts';
import { type CoroutineView, isSettled, type TaskId, type WorkerView } from '../contract/task.ts';
import type { ListQuery, StoreHealth, TaskRecord, Views } from '../contract/views.ts';
import { factsOf } from './facts.ts';
import type { Partition } from './partition.ts';
import { recordOf } from './record.ts';
import type { Session } from './sessions.ts';

/** Runs a call: a test may delay it, send it twice, or lose its answer. */
export type Around = <T>(method: string, call: () => T) => Promise<T>;

export class MemoryViews implements Views {
  protected readonly parts: readonly Partition[];
  protected readonly around: Around;

  constructor(parts: readonly Partition[], around: Around) {
    this.parts = parts;
    this.around = around;
  }

  records(ids: readonly TaskId[]): Promise<(TaskRecord | undefined)[]> {
    return this.around('records', () =>
      ids.map((id) => {
        const part = this.#partOf(id);
        const task = part?.table.show(id);
        return part === undefined || task === undefined ? undefined : recordOf(task, part);
      }),
    );
  }

  watch(id: TaskId, follow = false): Promise<TaskRecord | undefined> {
    return this.around('watch', () => {
      const part = this.#partOf(id);
      const task = part?.table.show(id);
      if (part === undefined || task === undefined) return undefined;
      if (!isSettled(task.state)) {
        part.watched.add(id);
        if (follow) part.followed.add(id);
      }
      return recordOf(task, part);
    });
  }

  roots({ before, count }: ListQuery): Promise<TaskId[]> {
    return this.around('roots', () =>
      this.parts
        .flatMap((part) => part.table.roots())
        .filter((id) => before === undefined || id < before)
        .sort()
        .reverse()
        .slice(0, count),
    );
  }

  children(id: TaskId, from: number, count: number): Promise<{ ids: TaskId[]; total: number }> {
    return this.around('children', () => {
      const ids = this.#partOf(id)?.table.show(id)?.children ?? [];
      return { ids: ids.slice(from, from + count), total: ids.length };
    });
  }

  logs(id: TaskId): Promise<{ task: TaskId; entries: string[] }[]> {
    return this.around('logs', () => {
      const logged: { task: TaskId; entries: string[] }[] = [];
      const table = this.#partOf(id)?.table;
      // not in the order of the tree's list: there a member of a group stands where it was dispatched
      for (const left = [id]; left.length > 0; ) {
        const task = table?.get(left.pop() ?? '');
        if (task === undefined) continue;
        if (task.logs.length > 0) logged.push({ task: task.id, entries: [...task.logs] });
        left.push(...task.children.toReversed());
      }
      return logged;
    });
  }

  entries(id: TaskId, from: number, count: number): Promise<string[]> {
    return this.around(
      'entries',
      () =>
        this.#partOf(id)
          ?.table.get(id)
          ?.logs.slice(from, from + count) ?? [],
    );
  }

  origin(id: TaskId): Promise<{ args: string; firstOp: number } | undefined> {
    return this.around('origin', () => {
      const task = this.#partOf(id)?.table.get(id);
      return task === undefined ? undefined : { args: task.work.args, firstOp: task.firstOp };
    });
  }

  history(id: TaskId, from: number, count: number): Promise<HistoryEntry[]> {
    return this.around(
      'history',
      () =>
        this.#partOf(id)
          ?.table.get(id)
          ?.history.slice(from, from + count) ?? [],
    );
  }

  inbox(id: TaskId, from: number, count: number): Promise<TaskEvent[]> {
    return this.around(
      'inbox',
      () =>
        this.#partOf(id)
          ?.table.get(id)
          ?.inbox.slice(from, from + count) ?? [],
    );
  }

  workers(): Promise<WorkerView[]> {
    return this.around('workers', () => this.#sessions().map(workerOf));
  }

  coroutines(): Promise<CoroutineView[]> {
    return this.around('coroutines', () => {
      const views = new Map<string, CoroutineView>();
      for (const { info, lost } of this.#sessions()) {
        if (lost) continue;
        for (const { name, argsSchema, version } of info.coroutines) {
          const view = views.get(name) ?? { name, versions: [], workers: 0 };
          view.workers++;
          if (argsSchema !== undefined) view.argsSchema = argsSchema;
          if (!view.versions.includes(version)) view.versions.push(version);
          views.set(name, view);
        }
      }
      return [...views.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  cluster(): Promise<ClusterFacts> {
    return this.around('cluster', () => mergeFacts(this.parts.map(factsOf)));
  }

  health(): Promise<StoreHealth> {
    return this.around('health', () => ({ ok: true, reasons: [], unfit: [], warnings: [], version: 'memory' }));
  }

  /** Every session is known to every partition; the one that has given it up first decides how it looks. */
  #sessions(): Session[] {
    const [first, ...others] = this.parts.map((part) => part.sessions);
    return first === undefined ? [] : first.all().filter(({ info }) => others.every((other) => other.get(info.id)));
  }

  #partOf(id: TaskId): Partition | undefined {
    return this.parts[partitionOf(id, this.parts.length)];
  }
}

const workerOf = ({ info, running, suspended, draining, lost, stuck }: Session): WorkerView => ({
  id: info.id,
  state: lost ? 'lost' : draining ? 'draining' : 'up',
  host: info.host,
  pid: info.pid,
  version: info.version,
  slots: info.slots,
  running,
  suspended,
  coroutines: info.coroutines.map(({ name }) => name).sort(),
  ...(stuck && !lost ? { stuck: true } : {}),
});

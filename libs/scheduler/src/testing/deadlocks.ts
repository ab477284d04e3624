/** Tasks that wait for each other (contract/store.ts, Deadlock). */
import { isSettled, type TaskId } from '../contract/task.ts';
import { hasBacklog, type MemoryTask } from './memory-task.ts';
import type { Partition } from './partition.ts';

const againMs = 2000;
const mostLooks = 1000;

export function breakDeadlocks(part: Partition): void {
  for (const [task, due] of [...part.checks]) {
    if (due > part.now()) continue;
    part.checks.delete(task);
    if (isSettled(task.state)) continue;
    part.checks.set(task, part.now() + againMs);
    const blockers = closedSet(part, task);
    if (blockers !== undefined) breakCircle(part, circleIn(blockers, task));
  }
}

/** Tasks whose ends alone can move this one; undefined when something else can. */
function blockersOf(part: Partition, task: MemoryTask): MemoryTask[] | undefined {
  if (task.state !== 'suspended' || task.inbox.length > task.known) return undefined;
  const blockers: MemoryTask[] = [];
  for (const id of task.waits ?? []) {
    const group = part.table.group(id);
    const other = part.table.get(id);
    if (
      group === undefined
        ? other === undefined || isSettled(other.state)
        : group.decidedAt !== undefined || hasBacklog(group)
    )
      return undefined;
    if (group !== undefined) blockers.push(...group.tasks.flatMap((member) => member ?? []).filter(isOpen));
    else if (other !== undefined) blockers.push(other);
  }
  return blockers.length === 0 ? undefined : blockers;
}

const isOpen = ({ state }: MemoryTask): boolean => !isSettled(state);

/** All that the task waits for, directly or not, with what each waits for; undefined when any of it can move. */
function closedSet(part: Partition, task: MemoryTask): Map<MemoryTask, MemoryTask[]> | undefined {
  const found = new Map<MemoryTask, MemoryTask[]>();
  for (const queue = [task]; queue.length > 0; ) {
    const next = queue.shift() as MemoryTask;
    if (found.has(next)) continue;
    const blockers = found.size >= mostLooks ? undefined : blockersOf(part, next);
    if (blockers === undefined) return undefined;
    found.set(next, blockers);
    for (const other of blockers) queue.push(other);
  }
  return found;
}

function circleIn(blockers: ReadonlyMap<MemoryTask, MemoryTask[]>, start: MemoryTask): MemoryTask[] {
  const path: MemoryTask[] = [];
  for (let at: MemoryTask | undefined = start; at !== undefined; at = blockers.get(at)?.[0]) {
    const begin = path.indexOf(at);
    if (begin >= 0) return path.slice(begin);
    path.push(at);
  }
  return path;
}

/** Of those who wait by id the youngest hears of it. */
function breakCircle(part: Partition, circle: readonly MemoryTask[]): void {
  const next = (at: number): MemoryTask => circle[(at + 1) % circle.length] as MemoryTask;
  const byId = (waiter: TaskId, target: TaskId) =>
    (part.waiters.get(target) ?? []).filter(({ waiter: { id, abroad } }) => abroad === undefined && id === waiter);
  const places = [...circle.keys()].filter((at) => byId((circle[at] as MemoryTask).id, next(at).id).length > 0);
  const age = (at: number): [number, TaskId] => [circle[at]?.createdAt ?? 0, circle[at]?.id ?? ''];
  const [victim] = places.sort((a, b) => {
    const [[createdA, idA], [createdB, idB]] = [age(a), age(b)];
    return createdB - createdA || (idA < idB ? 1 : -1);
  });
  const task = victim === undefined ? undefined : circle[victim];
  if (victim === undefined || task === undefined) return;
  const round = [...circle.slice(victim), ...circle.slice(0, victim), task];
  const names = round.map(({ id, work }) => `${work.coroutine} (${id})`).join(' -> ');
  const payload = JSON.stringify({ type: 'DeadlockError', message: `tasks wait for each other: ${names}` });
  const target = next(victim).id;
  const told = byId(task.id, target);
  part.waiters.set(
    target,
    (part.waiters.get(target) ?? []).filter((waiter) => !told.includes(waiter)),
  );
  for (const { op } of told) part.deliver(task, { kind: 'settled', op, outcome: { state: 'failed', payload } });
}

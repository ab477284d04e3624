/** The rules about parents, children and gathers: counts, membership, events, the list of what lives. T4, T5, I2, I7, D1. */
import { isBundle, memberId, memberOf, rootOf } from '../contract/ids.ts';
import { isSettled, type TaskId } from '../contract/task.ts';
import type { Partition } from './partition.ts';
import { type CountName, countNames, type GroupRow, type TaskRow } from './rows.ts';
import { wholeBatches } from './whole.ts';

export function examineTrees(partition: Partition): void {
  const { tasks, groups } = partition.snapshot;
  const listed = new Set<TaskId>();
  for (const task of tasks.values()) {
    examineChildren(partition, task, listed);
    examineLife(partition, task);
    examineInbox(partition, task);
  }
  for (const task of tasks.values())
    if (task.parent !== undefined && !listed.has(task.group ?? task.id))
      partition.violated('T4', task.id, `${task.parent} does not list it among its children`);
  for (const group of groups.values())
    if (isBundle(group.id)) examineBundle(partition, group);
    else examineGroup(partition, group);
  for (const [kind, whose] of [...partition.sets('live'), ...partition.sets('later')])
    for (const entry of whose) examineEntry(partition, kind, entry);
}

/** T5: the totals that each transition keeps are what counting gives. */
export function examineTotals(partition: Partition): void {
  const { tasks, groups, sessions, totals } = partition.snapshot;
  const counted = { pending: 0, running: 0, suspended: 0, gathers: 0, ending: 0, resting: 0, bundled: 0 };
  for (const { state, ending } of tasks.values()) {
    if (!isSettled(state)) counted[state] += 1;
    if (ending) counted.ending += 1;
  }
  for (const { resting } of sessions.values()) counted.resting += resting;
  for (const group of groups.values()) {
    if (!group.decided) counted.gathers += 1;
    counted.pending += waitingIn(partition, group);
    if (isBundle(group.id)) counted.bundled += group.size - 1 - left(partition, group.id, 0);
  }
  for (const [name, count] of Object.entries(counted))
    if ((totals.get(name) ?? 0) !== count)
      partition.violated('T5', 'counts', `it says ${totals.get(name) ?? 0} ${name}, there are ${count}`);
}

/** Members of a bundle that are, or were, records of their own, from an index on. */
function left(partition: Partition, bundle: TaskId, first: number): number {
  const entries = partition.snapshot.hashes.get('entries')?.get(bundle)?.keys() ?? [];
  return [...entries].filter((index) => Number(index) >= first && partition.hasLeft(bundle, index)).length;
}

/** Members in the backlog that have no record yet. */
function waitingIn(partition: Partition, { id, size, popped, dropped }: GroupRow): number {
  if (isBundle(id)) return size - popped - left(partition, id, popped);
  return dropped === undefined ? size - popped - membersFrom(partition.members.get(id) ?? [], popped) : 0;
}

function examineChildren(partition: Partition, task: TaskRow, listed: Set<TaskId>): void {
  const counted: Record<CountName, number> = {
    ...{ total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 },
  };
  const count = (id: TaskId): void => {
    const child = partition.snapshot.tasks.get(id);
    const state = child === undefined ? partition.stateOfMember(id) : child.state;
    if (state === undefined) partition.violated('T4', id, `${task.id} lists it, and it does not exist`);
    else counted[state === 'suspended' ? 'running' : state] += 1;
    counted.total += 1;
  };
  for (const entry of partition.list('children', task.id)) {
    const [id = '', size] = entry.split(':');
    if (listed.has(id)) partition.violated('T4', id, `${task.id} lists it twice`);
    listed.add(id);
    if (size === undefined) count(id);
    else for (let index = 0; index < Number(size); index++) count(`${id}.${index}`);
  }
  for (const name of ['total', ...countNames] as const)
    if (task.counts[name] !== counted[name])
      partition.violated('T4', task.id, `it counts ${task.counts[name]} children ${name}, there are ${counted[name]}`);
}

/** `live` and `later` of a root hold exactly what is not settled below it: that decides when the tree has ended. */
function examineLife(partition: Partition, task: TaskRow): void {
  const { id, parent, isEntry, group } = task;
  const root = partition.root(id);
  if (root === undefined) {
    partition.violated('T4', id, 'its root does not exist');
    return;
  }
  if (parent === undefined) {
    if (!task.isEntry && !partition.sorted('roots').has(id))
      partition.violated('I3', id, 'it is a root, and the list of roots lacks it');
    return;
  }
  const listed = isEntry ? `g${group}` : id;
  const entries = ['live', 'later'].filter((kind) => partition.set(kind, root.id).has(listed));
  if (isSettled(task.state)) {
    if (isEntry) return;
    for (const entry of entries) partition.violated('T3', id, `it is ${task.state} and ${entry} in its tree`);
    return;
  }
  if (entries.length !== 1)
    partition.violated('T3', id, `it is ${task.state} and ${entries.join(' and ') || 'not'} in the list of its tree`);
  if (isSettled(root.state)) partition.violated('I7', id, `it is ${task.state}, and its root ${root.state}`);
}

function examineEntry(partition: Partition, root: TaskId, entry: string): void {
  const { tasks, groups } = partition.snapshot;
  if (entry.startsWith('g')) {
    const group = groups.get(entry.slice(1));
    if (group === undefined || (group.popped >= group.size && openMembers(partition, group) === 0))
      partition.violated('T3', root, `the gather ${entry.slice(1)} is live in it and has no member left to run`);
  } else if (!tasks.has(entry)) partition.violated('T3', root, `${entry} is live in it and does not exist`);
  else if (rootOf(entry) !== root) partition.violated('T3', root, `${entry} is live in it and belongs to another tree`);
}

/** I2: one event for each child that has ended, none for one that has not. */
function examineInbox(partition: Partition, task: TaskRow): void {
  const events = partition.list('inbox', task.id).map((head) => head.split('\n'));
  const outcomes = new Map<string, number>();
  const gathers = new Map<string, number>();
  for (const [op = '', kind, id = ''] of events) {
    if (kind === '@') outcomes.set(`${op} ${id}`, (outcomes.get(`${op} ${id}`) ?? 0) + 1);
    if (kind === 'group') gathers.set(op, (gathers.get(op) ?? 0) + 1);
    if (kind === '@' && !partition.isSettled(id))
      partition.violated('I2', task.id, `its inbox tells the end of ${id}, which has not ended`);
  }
  for (const [event, times] of outcomes)
    if (times > 1) partition.violated('I2', task.id, `its inbox tells operation and end ${event} ${times} times`);
  for (const [op, times] of gathers)
    if (times > 1) partition.violated('I2', task.id, `its inbox tells the gather of operation ${op} ${times} times`);
  if (isSettled(task.state) || task.ending) return;
  const isHeard = (op: string | undefined): boolean => Number(op) >= task.firstOp;
  for (const { id, op, group, state } of partition.childrenOf.get(task.id) ?? [])
    if (group === undefined && isHeard(op) && isSettled(state) && !outcomes.has(`${op} ${id}`))
      partition.violated('I6', task.id, `${id} has ended and its inbox does not tell: the wake-up is lost`);
  for (const { id, op, decided } of partition.groupsOf.get(task.id) ?? []) {
    if (decided && isHeard(op) && !gathers.has(op))
      partition.violated('I6', task.id, `the gather ${id} is decided and its inbox does not tell: the wake-up is lost`);
    if (!decided && gathers.has(op))
      partition.violated('I2', task.id, `its inbox tells the gather ${id}, which is not decided`);
  }
}

function examineGroup(partition: Partition, group: GroupRow): void {
  const { id, size, popped, left, inflight, limit, dropped } = group;
  const { tasks } = partition.snapshot;
  if (!tasks.has(group.parent)) partition.violated('T4', id, `its parent ${group.parent} does not exist`);
  const backlog = partition.length('backlog', id);
  if (backlog !== size) partition.violated('T3', id, `its backlog holds ${backlog} members of ${size}`);
  examineWhole(partition, group);
  const entries = openMembers(partition, group);
  if (group.entries !== entries)
    partition.violated('T4', id, `it counts ${group.entries} members that run as entries, there are ${entries}`);
  const members = partition.members.get(id) ?? [];
  const settled = members.filter(({ state }) => isSettled(state));
  const open = members.length - settled.length + waitingIn(partition, group);
  if (left !== open) partition.violated('T4', id, `it counts ${left} members open, there are ${open}`);
  const flying = members.filter(({ state, undispatched }) => !isSettled(state) && !undispatched).length;
  if (inflight !== flying)
    partition.violated('T4', id, `it counts ${inflight} members on their way, there are ${flying}`);
  const failed = settled.some(({ state }) => state !== 'succeeded') || (dropped !== undefined && dropped < size);
  const decidable = open === 0 || (failed && !group.returnExceptions);
  if (decidable !== group.decided)
    partition.violated(
      'I6',
      id,
      decidable ? 'nobody has decided it, and it can be' : 'it is decided, and cannot be yet',
    );
  if (popped < size) examineBacklog(partition, group, limit > 0 && flying >= limit);
}

function examineBundle(partition: Partition, bundle: GroupRow): void {
  const { id, size, popped, inflight, left: open } = bundle;
  const backlog = partition.length('backlog', id);
  if (backlog !== size) partition.violated('T3', id, `its backlog holds ${backlog} members of ${size}`);
  if (!partition.sorted('roots').has(`${id}+${size}`))
    partition.violated('I3', id, 'it is a bundle, and the list of roots lacks it');
  examineWhole(partition, bundle);
  const flying = openMembers(partition, bundle);
  const waiting = waitingIn(partition, bundle);
  if (bundle.entries !== flying || inflight !== flying)
    partition.violated(
      'T4',
      id,
      `it counts ${bundle.entries} and ${inflight} members on their way, there are ${flying}`,
    );
  if (open !== flying + waiting)
    partition.violated('T4', id, `it counts ${open} members open, there are ${flying + waiting}`);
  const isReady = partition.sorted('ready').has(`g${id}`);
  if (waiting > 0 && !isReady) partition.violated('T3', id, `${waiting} members of it wait, and nobody hands them out`);
  if (open === 0 && isReady) partition.violated('T3', id, 'it is ready, and no member of it waits');
  if (waiting > 0 && isReady) partition.moves(id, `its ${waiting} members go in their turn`);
  if ((open === 0) !== partition.sorted('expiring').has(`g${id}`))
    partition.violated('I13', id, open === 0 ? 'nobody will ever remove it' : 'it is to be removed, and has not ended');
  if (popped > size) partition.violated('T3', id, `it has handed out ${popped} members of ${size}`);
}

/** A member is claimed once: in one whole batch, or by itself. */
function examineWhole(partition: Partition, { id, popped }: GroupRow): void {
  const { snapshot } = partition;
  const entries = snapshot.hashes.get('entries')?.get(id);
  const numbers = new Set<string>();
  let next = 0;
  for (const { number, first, last } of wholeBatches(snapshot, id)) {
    numbers.add(number);
    if (first < next || last >= popped)
      partition.violated(
        'T3',
        id,
        `members ${first} to ${last} were claimed as one: not only once, or before their turn`,
      );
    for (let index = first; index <= last; index++)
      if (entries?.has(String(index)))
        partition.violated('T3', memberId(id, index), 'it was claimed with others as one, and by itself');
    next = last + 1;
  }
  for (const number of snapshot.hashes.get('outcomes')?.get(id)?.keys() ?? [])
    if (!numbers.has(number))
      partition.violated('T1', id, `there are outcomes of batch ${number}, whose members nobody knows`);
}

/** What waits in a backlog is handed out through one entry in `ready`, or by the next end of a member within the limit. */
function examineBacklog(partition: Partition, { id, size, popped }: GroupRow, isFull: boolean): void {
  const root = rootOf(id);
  if (!partition.set('live', root).has(`g${id}`) && !partition.set('later', root).has(`g${id}`))
    partition.violated('T3', id, 'members of it wait, and it is not in the list of its tree');
  const isReady = partition.sorted('ready').has(`g${id}`);
  if (!isReady && !isFull)
    partition.violated('T3', id, `${size - popped} members of it wait, and nobody hands them out`);
  else
    partition.moves(
      id,
      `its ${size - popped} members go ${isReady ? 'in their turn' : 'when one of those before ends'}`,
    );
}

const openMembers = (partition: Partition, { id }: GroupRow): number =>
  (partition.members.get(id) ?? []).filter(({ isEntry, state }) => isEntry && !isSettled(state)).length;

const membersFrom = (members: readonly TaskRow[], first: number): number =>
  members.filter(({ id }) => Number(memberOf(id)?.index) >= first).length;

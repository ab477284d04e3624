/** The rules about everything around tasks: sessions, what they serve, rounds, timers, waiters, keys nobody knows. */
import { rootOf } from '../contract/ids.ts';
import { type Partition, patienceMs } from './partition.ts';

export function examineSessions(partition: Partition): void {
  const live = partition.sorted('sessions');
  let slots = 0;
  for (const session of live.keys()) {
    const row = partition.snapshot.sessions.get(session);
    if (row === undefined) partition.violated('T3', session, 'the session lives and has no record');
    else if (!row.draining && !row.lost) slots += row.slots;
  }
  const capacity = partition.number('capacity');
  if (capacity !== slots)
    partition.violated('D1', 'capacity', `it is ${capacity}, and the live sessions have ${slots} slots`);
  for (const [session, ids] of partition.claims) {
    if (!live.has(session))
      partition.violated('T3', session, `${ids.size} tasks are claimed by it, and nobody knows the session`);
    for (const id of ids)
      if (!partition.snapshot.tasks.has(id))
        partition.violated('T3', id, `${session} has claimed it, and it does not exist`);
  }
  for (const [session, { batched }] of partition.snapshot.sessions) {
    const more = (partition.claims.get(session)?.size ?? 0) - partition.set('claims', session).size;
    if (batched !== more)
      partition.violated(
        'T3',
        session,
        `its claims stand for ${more} tasks more than they are, and it counts ${batched}`,
      );
  }
  examineServing(partition);
  if (partition.alive) examineRounds(partition);
}

function examineServing(partition: Partition): void {
  for (const [coroutine, sessions] of partition.sets('serves'))
    for (const session of sessions) {
      if (!partition.set('serving', session).has(coroutine))
        partition.violated('D1', session, `it counts for ${coroutine} and does not serve it`);
      if (!partition.sorted('sessions').has(session))
        partition.violated('D1', session, `it counts for ${coroutine}, and nobody knows the session`);
    }
  for (const [session, coroutines] of partition.sets('serving'))
    for (const coroutine of coroutines)
      if (!partition.set('serves', coroutine).has(session))
        partition.violated('D1', session, `it serves ${coroutine} and does not count for it`);
}

/** What only a running system owes: rounds that come, leases that end, timers that fire. */
function examineRounds(partition: Partition): void {
  const { time } = partition.snapshot;
  const sessions = [...partition.sorted('sessions').keys()];
  const swept = time - partition.number('swept');
  if (sessions.length > 0 && swept > patienceMs)
    partition.violated('D1', 'swept', `nobody has swept for ${Math.floor(swept / 1000)} s`);
  const up = partition.number('uptime');
  for (const [session, beat] of partition.sorted('sessions'))
    if (up - beat > 2 * patienceMs)
      partition.violated(
        'T3',
        session,
        `it has not beaten for ${Math.floor((up - beat) / 1000)} s and is not given up`,
      );
  if (sessions.length === 0) return;
  for (const [timer, due] of partition.sorted('timers'))
    if (time - due > patienceMs)
      partition.violated('D1', timer, `the timer was due ${Math.floor((time - due) / 1000)} s ago`);
  const ready = partition.sorted('ready').size;
  const idle = freeSlots(partition);
  if (ready > 0 && idle > 0) partition.violated('D1', 'ready', `${ready} entries wait, and ${idle} slots are free`);
}

/** Nothing is on its way to so many slots of sessions that take work. */
function freeSlots(partition: Partition): number {
  let free = partition.number('capacity') - partition.sorted('hinted').size;
  for (const [session, ids] of partition.claims)
    if (partition.snapshot.sessions.get(session)?.draining === false)
      for (const id of ids) if (partition.snapshot.tasks.get(id)?.state === 'running') free -= 1;
  return free;
}

export function examineKeys(partition: Partition): void {
  const { snapshot } = partition;
  for (const key of snapshot.strangers)
    partition.violated('I13', key, 'no kind of key explains it, or its type is wrong');
  for (const list of ['ready', 'hinted'])
    for (const entry of partition.sorted(list).keys()) {
      const id = entry.replace(/^g/, '');
      const exists = entry === id ? snapshot.tasks.has(id) : snapshot.groups.has(id);
      if (!exists) partition.violated('T3', id, `it is ${list} and does not exist`);
    }
  for (const [coroutine, ids] of partition.sets('stranded'))
    for (const id of ids)
      if (coroutine !== '' && !snapshot.tasks.has(id))
        partition.violated('T3', id, 'it is stranded and does not exist');
  for (const id of partition.sorted('roots').keys())
    if (!snapshot.tasks.has(id) && !bundleOf(partition, id))
      partition.violated('I3', id, 'the list of roots holds it, and it does not exist');
  for (const [target, waiters] of partition.sets('waiters')) {
    if (partition.isSettled(target))
      partition.violated('I6', target, `it has ended, and ${[...waiters].join(', ')} still wait for it`);
    else if (!snapshot.tasks.has(target) && partition.stateOfMember(target) === undefined)
      partition.violated('I6', target, `${[...waiters].join(', ')} wait for it, and it does not exist`);
  }
  for (const kind of ['inbox', 'children'])
    for (const id of snapshot.lists.get(kind)?.keys() ?? []) examineOwner(partition, kind, id);
  for (const kind of ['history', 'logs'])
    for (const id of snapshot.lengths.get(kind)?.keys() ?? []) examineOwner(partition, kind, id);
  for (const kind of ['live', 'later', 'alarms'])
    for (const root of partition.sets(kind).keys()) examineOwner(partition, kind, root);
  for (const group of snapshot.lengths.get('backlog')?.keys() ?? [])
    if (!snapshot.groups.has(group)) partition.violated('I13', `backlog:${group}`, 'its gather does not exist');
}

/** `entry`: <bundle>+<size>. */
function bundleOf({ snapshot }: Partition, entry: string): boolean {
  const [bundle = '', size] = entry.split('+');
  return snapshot.groups.get(bundle)?.size === Number(size);
}

function examineOwner(partition: Partition, kind: string, id: string): void {
  if (!partition.snapshot.tasks.has(id))
    partition.violated('I13', `${kind}:${id}`, `its task does not exist (root ${rootOf(id)})`);
}

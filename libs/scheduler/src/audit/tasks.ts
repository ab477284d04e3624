/**
 * The rules about one task: its outcome, its token, the one place where it lies, and why it will move from there.
 * T1, T2, T3, I1, I6.
 */
import { isSettled, taskStates } from '../contract/task.ts';
import { type Partition, patienceMs } from './partition.ts';
import type { TaskRow } from './rows.ts';

/** What is wrong with a task, or why it will move. */
type Verdict = { rule: string; reason: string } | { because: string };

const wrong = (rule: string, reason: string): Verdict => ({ rule, reason });
const moves = (because: string): Verdict => ({ because });

export function examineTask(partition: Partition, task: TaskRow): void {
  const { id, state } = task;
  if (!taskStates.includes(state)) partition.violated('T1', id, `its state is ${JSON.stringify(state)}, which is none`);
  else if (isSettled(state)) examineSettled(partition, task);
  else {
    if (task.hasPayload || task.finished)
      partition.violated('T1', id, `it is ${state} and has an outcome or the time of an end`);
    const verdict = judge(partition, task);
    if ('because' in verdict) partition.moves(id, verdict.because);
    else partition.violated(verdict.rule, id, verdict.reason);
  }
}

function places(partition: Partition, { id, coroutine }: TaskRow): string[] {
  return [
    ...(partition.sorted('ready').has(id) ? ['ready'] : []),
    ...(partition.sorted('hinted').has(id) ? ['hinted'] : []),
    ...(partition.set('stranded', coroutine).has(id) ? ['stranded'] : []),
    ...partition.claimers(id).map((session) => `claimed by ${session}`),
  ];
}

function examineSettled(partition: Partition, task: TaskRow): void {
  const { id, state } = task;
  if (!task.hasPayload) partition.violated('T1', id, `it is ${state} and its outcome is missing`);
  if (!task.finished) partition.violated('T1', id, `it is ${state} and the time of its end is missing`);
  if (task.token !== undefined) partition.violated('I1', id, `it is ${state} and still has the token ${task.token}`);
  if (task.ending) partition.violated('T1', id, `it is ${state} and its tree is still being ended`);
  if (task.parent === undefined && !task.isEntry && !partition.sorted('expiring').has(id))
    partition.violated('I13', id, `it is ${state}, and nobody will ever remove its tree`);
  for (const place of places(partition, task)) partition.violated('I1', id, `it is ${state} and ${place}`);
}

function judge(partition: Partition, task: TaskRow): Verdict {
  const { state, token } = task;
  const found = places(partition, task);
  if (task.ending) return judgeEnding(partition, task, found);
  if (task.retrying !== undefined) return judgeRetrying(partition, task, found);
  if (found.length > 1) return wrong('T3', `it is in more than one place: ${found.join(', ')}`);
  const [place] = found;
  if (task.parked) return judgeParked(partition, task, place);
  if (place === undefined)
    return wrong('T3', `it is ${state} in no place: nobody will ever run it (attempt ${task.attempt})`);
  if (place.startsWith('claimed')) return judgeClaimed(partition, task);
  if (token !== undefined) return wrong('T2', `it is ${place} and has the token ${token}`);
  if (state !== 'pending') return wrong('T3', `it is ${place} and its record says ${state}`);
  if (place === 'stranded') return judgeStranded(partition, task);
  if (place === 'hinted') return judgeHinted(partition, task);
  return moves(partition.number('capacity') > 0 ? 'it is handed out in its turn' : 'a worker comes and takes it');
}

/** Whatever brings it an event makes it ready in the same script, so nothing new can wait for it. */
function judgeParked(partition: Partition, task: TaskRow, place: string | undefined): Verdict {
  const { id, state, token, known } = task;
  if (place !== undefined || token !== undefined)
    return wrong('T3', `it is parked, and also ${place ?? `under the token ${token}`}`);
  if (state !== 'suspended') return wrong('T3', `it is parked and its record says ${state}`);
  const news = partition.list('inbox', id).length - known;
  if (news !== 0) return wrong('I6', `it is parked with ${news} new events in its inbox: the wake-up is lost`);
  const source = wakeSource(partition, task);
  return source === undefined ? wrong('I6', 'it is parked, and nothing that it waits for is open') : moves(source);
}

/** A root whose coroutine has ended is claimed by nobody and waits for the last task of its tree. */
function judgeEnding(partition: Partition, { id, token }: TaskRow, found: readonly string[]): Verdict {
  if (token !== undefined || found.length > 0)
    return wrong('T3', `its coroutine has ended and it is ${found.join(', ') || `under ${token}`}`);
  const open = partition.set('live', id).size + partition.set('later', id).size;
  if (open === 0) return wrong('I6', 'its tree has ended and nobody settles it');
  return moves(`it is settled by the end of the last of ${open} in its tree`);
}

/** Between two attempts a task is claimed by nobody and waits for the children of the first, then for its time. */
function judgeRetrying(partition: Partition, task: TaskRow, found: readonly string[]): Verdict {
  const { id, token, state, retrying, counts } = task;
  if (token !== undefined || found.length > 0)
    return wrong('T3', `it waits for its next attempt and is ${found.join(', ') || `under ${token}`}`);
  if (state !== 'pending') return wrong('T3', `it waits for its next attempt and its record says ${state}`);
  const open = counts.pending + counts.running;
  if (partition.sorted('timers').has(`${id}:retry`)) return moves('the sweep goes on with its next attempt in time');
  if (retrying === 'time' || open === 0) return wrong('I6', 'it waits for its next attempt, and no timer begins that');
  return moves(`its next attempt is prepared by the end of the last of ${open} children`);
}

function judgeStranded(partition: Partition, { coroutine }: TaskRow): Verdict {
  if (partition.alive && partition.isServed(coroutine))
    return wrong('D1', `it waits for a worker that knows ${coroutine}, and there is one`);
  return moves(`a worker that knows ${coroutine} takes it`);
}

/** The longest time after which a hint is taken back: while workers are busy (worker/sweeper.ts). */
const longestHintMs = 5000;

function judgeHinted(partition: Partition, { id }: TaskRow): Verdict {
  const since = Math.abs(partition.sorted('hinted').get(id) ?? 0);
  const overdue = partition.snapshot.time - since - longestHintMs;
  if (partition.alive && overdue > patienceMs)
    return wrong('D1', `its hint is overdue by ${Math.floor(overdue / 1000)} s and was not taken back`);
  return moves('a worker claims it, or the sweep takes its hint back');
}

function judgeClaimed(partition: Partition, task: TaskRow): Verdict {
  const { id, token, state, worker = '', attempt } = task;
  const [session = ''] = partition.claimers(id);
  if (token === undefined) return wrong('T2', `${session} has claimed it and it has no token`);
  if (!token.startsWith(`${attempt}:${session}:`) || worker !== session)
    return wrong('T2', `attempt ${attempt}, claimed by ${session}, has the token ${token} of ${worker}`);
  if (state === 'pending') return wrong('T3', `${session} has claimed it and its record says pending`);
  if (!partition.sorted('sessions').has(session))
    return wrong('T3', `it is claimed by ${session}, a session that nobody knows`);
  if (partition.isExpired(session) || !partition.lives(session))
    return moves(`the lease of ${session} has run out, and the sweep takes the task back`);
  if (state === 'running') return moves(`it runs on ${session}`);
  const source = wakeSource(partition, task);
  return source === undefined ? wrong('I6', 'it is suspended, and nothing that it waits for is open') : moves(source);
}

function wakeSource(partition: Partition, { id, known }: TaskRow): string | undefined {
  const news = partition.list('inbox', id).length - known;
  if (news > 0) return `${news} new events wait in its inbox`;
  const timers = partition.timersOf.get(id) ?? 0;
  const children = (partition.childrenOf.get(id) ?? []).filter((child) => child.group === undefined);
  const open = children.filter((child) => !isSettled(child.state)).length;
  const gathers = (partition.groupsOf.get(id) ?? []).filter(({ decided }) => !decided).length;
  const others = (partition.awaited.get(id) ?? []).length;
  const abroad = partition.set('abroad', id).size;
  const elsewhere = { 'awaited task': others, 'awaited task of another partition': abroad };
  const sources = { timer: timers, 'open child': open, 'open gather': gathers, ...elsewhere };
  const named = Object.entries(sources).flatMap(([name, count]) => (count > 0 ? [`${count} x ${name}`] : []));
  return named.length === 0 ? undefined : `it waits for ${named.join(', ')}`;
}

/** What the holder of a claim writes (T2): turns, each applied once and in the order of its fields, then the outcome. */
import type { SettleAnswer, Settlement, Turn, TurnAnswer } from '../contract/store.ts';
import { isSettled, type TaskId } from '../contract/task.ts';
import { cancelTask } from './cancel.ts';
import type { Content } from './mail.ts';
import type { MemoryGroup, MemoryTask } from './memory-task.ts';
import type { Partition, Waiter } from './partition.ts';

/** Most waits are over by then. */
const firstCheckMs = 1000;

export function commitTurns(partition: Partition, turns: readonly Turn[]): TurnAnswer[] {
  return turns.map((turn) => commitTurn(partition, turn));
}

function commitTurn(partition: Partition, turn: Turn): TurnAnswer {
  const task = partition.claimed(turn.id, turn.token);
  if (task === undefined) return { kind: 'fenced' };
  if (turn.seq > task.commits + 1 || turn.known > task.inbox.length) return { kind: 'behind' };
  if (turn.seq === task.commits + 1) {
    const lacks = turn.groups.some(
      ({ id, staged = 0 }) => staged > 0 && partition.table.staged(id, turn.token) !== staged,
    );
    if (lacks) return { kind: 'behind' };
    apply(partition, task, turn);
  }
  return { kind: 'committed', events: task.inbox.slice(heardBy(turn)) };
}

/** So many events the coroutine has been given, or is to be given now. */
const heardBy = ({ known, early = 0 }: Turn): number => known + early;

function apply(partition: Partition, task: MemoryTask, turn: Turn): void {
  task.commits++;
  task.known = heardBy(turn);
  if (turn.history !== undefined) {
    task.history.push(turn.history);
    task.crashes = 0; // it got on: no crash in a row
  }
  for (const spawn of turn.spawns) partition.addChild(task, spawn);
  for (const group of turn.groups) partition.addGroup(task, group);
  if (turn.ends) {
    for (const { id } of turn.spawns) partition.cancel(partition.table.get(id) as MemoryTask, undefined);
    for (const { id } of turn.groups) partition.cancelBacklog(partition.table.group(id) as MemoryGroup, undefined);
  }
  for (const { op, ms } of turn.timers) partition.setTimer(task, op, ms);
  for (const op of turn.clearTimers) task.timers.delete(op);
  task.inbox.splice(turn.known, 0, ...turn.events.slice(0, turn.early ?? 0));
  for (const event of turn.events.slice(turn.early ?? 0))
    if (event.kind !== 'timer' || task.timers.delete(event.op)) partition.deliver(task, event);
  for (const cancel of turn.cancels) {
    const { id, message, wave, afterStart } = cancel;
    const abroad = partition.abroad(id);
    if (abroad !== undefined) partition.mail.post(abroad, { kind: 'cancel', cancel });
    const target = partition.table.enlist(id);
    if (target !== undefined) partition.cancel(target, message, wave, afterStart);
  }
  for (const { id, message, wave } of turn.cancelGroups) {
    const group = partition.table.group(id);
    if (group !== undefined) partition.cancelGroup(group, message, wave);
  }
  for (const { id, op } of turn.subscriptions) {
    const abroad = partition.abroad(id);
    if (abroad === undefined) {
      subscribe(partition, { id: task.id }, id, op);
      if (!partition.checks.has(task)) partition.checks.set(task, partition.now() + firstCheckMs);
    } else {
      task.abroad.add(op);
      partition.mail.post(abroad, { kind: 'wait', task: task.id, op, target: id });
    }
  }
  task.logs.push(...turn.logs);
  if (turn.progress !== undefined) task.progress = turn.progress;
  task.waits = turn.waits;
  partition.tellFollowers(task);
  partition.moveTo(task, turn.suspended && task.inbox.length <= heardBy(turn) ? 'suspended' : 'running');
}

function subscribe(partition: Partition, waiter: Waiter, id: TaskId, op: number): void {
  const target = partition.table.show(id);
  if (target === undefined) {
    const payload = JSON.stringify({ type: 'LookupError', message: `no task ${id}` });
    partition.tell(waiter, op, { state: 'failed', payload });
  } else if (target.outcome !== undefined) partition.tell(waiter, op, target.outcome);
  else partition.waiters.set(id, [...(partition.waiters.get(id) ?? []), { waiter, op }]);
}

export function takeLetter(partition: Partition, from: number, letter: Content): void {
  if (letter.kind === 'cancel') cancelTask(partition, letter.cancel);
  else if (letter.kind === 'wait') subscribe(partition, { id: letter.task, abroad: from }, letter.target, letter.op);
  else {
    const { op, outcome } = letter;
    const task = partition.table.get(letter.task);
    if (task?.abroad.delete(op)) partition.deliver(task, { kind: 'settled', op, outcome });
  }
}

export function settleTask(part: Partition, settlement: Settlement): SettleAnswer {
  const { id, token, outcome, retry, logs, progress, gathered } = settlement;
  const task = part.claimed(id, token);
  if (task === undefined) {
    const known = part.table.get(id);
    if (known?.settledBy !== token) return { kind: 'fenced' };
    return { kind: isSettled(known.state) ? 'settled' : part.ending.has(known) ? 'ending' : 'retrying' };
  }
  task.settledBy = token;
  task.logs.push(...logs);
  if (progress !== undefined) task.progress = progress;
  if (gathered !== undefined) part.addGroup(task, gathered);
  if (retry !== undefined && !task.cancelRequested) {
    part.retry(task, retry, outcome.payload);
    return { kind: 'retrying' };
  }
  part.end(task, outcome);
  return { kind: isSettled(task.state) ? 'settled' : 'ending' };
}

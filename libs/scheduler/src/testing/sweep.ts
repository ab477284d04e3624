/** What moves a task when nobody calls: dead sessions, time, lost hints, and ends of trees that nobody carried out. */

import type { SweepAnswer } from '../contract/store.ts';
import { cancelTreePage } from './cancel.ts';
import { breakDeadlocks } from './deadlocks.ts';
import type { Partition } from './partition.ts';
import { removeExpired } from './retention.ts';
import { crashed } from './suspects.ts';

const itemsPerCall = 500;
const removedPerCall = 300;

export function sweepPartition(part: Partition, ttlMs: number): Omit<SweepAnswer, 'hints'> {
  const expired = expireSessions(part);
  const timers = fireTimers(part);
  const before = part.now() - ttlMs;
  const unstarted = part.queue.overdueUnstarted(before);
  for (const task of part.queue.overdue(before)) if (task.unstarted === undefined) part.queue.revive(task);
  for (const task of unstarted) part.endUnstarted(task);
  const unended = endTrees(part);
  breakDeadlocks(part);
  const removed = removeExpired(part, removedPerCall);
  return {
    expired,
    timers,
    removed,
    mail: part.mail.waiting(),
    workers: part.sessions.working().length,
    slots: part.sessions.slots(),
    more: expired === itemsPerCall || timers === itemsPerCall || removed === removedPerCall || unended,
  };
}

function expireSessions(part: Partition): number {
  let expired = 0;
  for (const session of part.sessions.expire(part.now())) {
    let explained = false;
    for (const task of session.claimed) {
      if (expired === itemsPerCall) return expired;
      const outcome = crashed(task, session.info.id, part.sessions.deaths);
      if (outcome === undefined) part.revive(task);
      else part.end(task, outcome);
      explained ||= outcome !== undefined;
      expired++;
      part.counts.recovered++;
    }
    if (explained) part.sessions.deaths--;
    part.sessions.end(session);
  }
  return expired;
}

function fireTimers(part: Partition): number {
  let fired = 0;
  for (let first = part.timers.peek(); first !== undefined && first.due <= part.now(); first = part.timers.peek()) {
    if (fired === itemsPerCall) break;
    part.timers.pop();
    const { task, name, due } = first;
    if (task.timers.get(name) !== due) continue;
    task.timers.delete(name);
    if (name === 'retry') part.tryAgain(task);
    else if (name === 'limit') part.reachLimit(task);
    else part.deliver(task, { kind: 'timer', op: name });
    fired++;
  }
  return fired;
}

/** One page of one tree; true when there is more to do. */
function endTrees(part: Partition): boolean {
  const unended = [...part.ending].filter(({ tree }) => (tree.ending?.cursor ?? 0) < tree.tasks.length);
  const [root] = unended;
  if (root?.tree.ending === undefined) return false;
  const next = cancelTreePage(part, root, String(root.tree.ending.cursor));
  return next !== undefined || unended.length > 1;
}

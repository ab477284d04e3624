/**
 * What is recorded of a task that suspends, in two lists.
 *
 * The *inbox* is written by everybody else: one event for each outcome, timer or cancel that reaches the task, in the
 * order in which the store accepted them. The *history* is written by the task's own worker, one entry for each commit:
 * which operations were started and how many events were delivered, in the order in which that happened. Replay walks
 * the history; what the inbox holds beyond it is delivered afterwards. So live order and replay order are one (L1, L3).
 */
import type { GroupMembers, Outcome } from './outcome.ts';

/** `start`: an operation began (they are numbered by counting); `event`: the next event of the inbox was delivered. */
export type HistoryStep = ['start', kind: string, detail: string] | ['event'];

/** JSON of HistoryStep[]: what one commit adds. */
export type HistoryEntry = string;

export type TaskEvent =
  /** The task that operation `op` created or awaits has settled. */
  | { kind: 'settled'; op: number; outcome: Outcome }
  /** A gather is decided: by its first failure (index of the member), or because all members have ended. `told`: how that member, or
   *  all, have ended, where the store brings it along; else it is read (Store.members). */
  | { kind: 'group'; op: number; failed: number | undefined; told?: GroupMembers }
  | { kind: 'timer'; op: number }
  | { kind: 'step'; op: number; outcome: Outcome }
  /** `wave`: the cancels that one act sends out, along awaits too. A task is struck once by each (runner, R5). */
  | { kind: 'cancel'; message: string | undefined; wave?: string | undefined }
  /** A time limit of the task is over: a cancel that its own worker sends. */
  | { kind: 'timeout'; wave: string };

/** Events on the wire: `<op>\n<kind>\n<payload>`; the payload may hold anything. */
export function encodeEvent(event: TaskEvent): string {
  switch (event.kind) {
    case 'settled':
    case 'step':
      return `${event.op}\n${event.kind}\n${event.outcome.state}\n${event.outcome.payload}`;
    case 'group':
      return `${event.op}\ngroup\n${event.failed ?? ''}`;
    case 'timer':
      return `${event.op}\ntimer\n`;
    case 'timeout':
      return `-1\ntimeout\n${event.wave}`;
    case 'cancel':
      return `-1\ncancel\n${event.wave ?? ''}\n${event.message === undefined ? '' : `=${event.message}`}`;
  }
}

export function decodeEvent(text: string): TaskEvent {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const op = Number(text.slice(0, first));
  const kind = text.slice(first + 1, second);
  const payload = text.slice(second + 1);
  switch (kind) {
    case 'settled':
    case 'step': {
      const end = payload.indexOf('\n');
      const state = payload.slice(0, end) as Outcome['state'];
      return { kind, op, outcome: { state, payload: payload.slice(end + 1) } };
    }
    case 'group':
      return { kind, op, failed: payload === '' ? undefined : Number(payload) };
    case 'timer':
      return { kind, op };
    case 'timeout':
      return { kind, wave: payload };
    case 'cancel': {
      const end = payload.indexOf('\n');
      const wave = payload.slice(0, end);
      const message = payload.length === end + 1 ? undefined : payload.slice(end + 2);
      return { kind, message, ...(wave === '' ? {} : { wave }) };
    }
    default:
      throw new TypeError(`unknown event in the store: ${JSON.stringify(text.slice(0, 80))}`);
  }
}

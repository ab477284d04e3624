/**
 * Trace context: which trace a tree of tasks belongs to (W3C Trace Context, https://www.w3.org/TR/trace-context-2/).
 *
 * X1. A tree has one context, that of the request it came with. It is kept with the root and inherited as it is; where
 *     there is none, nothing is kept.
 * X2. The id of a task's span follows from the id of the task. So it is known before the span exists, it is the same
 *     whichever worker ends the task, and a replay sees what the first run saw.
 */
import { createHash } from 'node:crypto';
import type { TaskId } from './task.ts';

/** As in the headers of these names. */
export interface TraceContext {
  /** `00-<trace id, 32 hex digits>-<span id of the parent, 16>-<flags, 2>` */
  traceparent: string;
  tracestate?: string;
}

const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const nothing = /^0+$/;
/** Sampled, and random trace id: what the flags of version 00 mean. */
const knownFlags = 0x03;
/** So much of it has to be passed on; what is longer may be dropped (section 3.3.1.5). */
const longestTracestate = 512;
const tracestateFormat = /^[\x20-\x7e\t]+$/;

/** Of the headers of a request. What is malformed counts as absent, as the recommendation has it (section 4.3). */
export function readTraceContext(headers: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  const [, version, traceId = '', parentId = '', flags = '', more] =
    (typeof traceparent === 'string' && format.exec(traceparent)) || [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (nothing.test(traceId) || nothing.test(parentId)) return undefined;
  const kept = (Number.parseInt(flags, 16) & knownFlags).toString(16).padStart(2, '0');
  const state =
    typeof tracestate === 'string' && tracestate.length <= longestTracestate && tracestateFormat.test(tracestate);
  return { traceparent: `00-${traceId}-${parentId}-${kept}`, ...(state ? { tracestate } : {}) };
}

export const traceIdOf = ({ traceparent }: TraceContext): string => traceparent.slice(3, 35);

/** Of what the tree came from. */
export const parentSpanIdOf = ({ traceparent }: TraceContext): string => traceparent.slice(36, 52);

/** `name`: of a task or of one of its runs. 64 bits of SHA-256. */
export const spanIdOf = (name: TaskId | string): string => createHash('sha256').update(name).digest('hex').slice(0, 16);

/** What the task hands on to others: they are below its span. */
export const contextOfTask = (tree: TraceContext, task: TaskId): TraceContext => ({
  ...tree,
  traceparent: `${tree.traceparent.slice(0, 36)}${spanIdOf(task)}${tree.traceparent.slice(52)}`,
});

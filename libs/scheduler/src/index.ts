/** Corral: asyncio for a cluster. The public surface. */
export {
  type AuditMode,
  type AuditOptions,
  type AuditReport,
  auditStore,
  type Violation,
  type Wait,
} from './audit/audit.ts';
export { Client, type ListOptions } from './client/client.ts';
export type { BatchOptions, NewTask, NewTaskOptions, SubmitOptions } from './client/submits.ts';
export { isLastUpdate, isUpdateId, type TaskUpdate } from './client/task-updates.ts';
export { type Connection, type ConnectOptions, connect, type WorkerOptions } from './connect.ts';
export type { ClusterFacts } from './contract/cluster.ts';
export { encode, errorValue } from './contract/codec.ts';
export type { CoroutineOptions, TaskOptions, TaskPolicies } from './contract/coroutine.ts';
export {
  CancelledError,
  CorralInternalError,
  DeadlockError,
  ExceptionGroup,
  ExpiredError,
  FencedError,
  IdempotencyConflictError,
  InvalidArgumentsError,
  InvalidStateError,
  LookupError,
  NonDeterminismError,
  PayloadTooLargeError,
  RemoteError,
  StoreFullError,
  StoreUnavailableError,
  TimeoutError,
  UnfitStoreError,
  UnknownCoroutineError,
  UnserializableError,
  WorkerCrashed,
} from './contract/exceptions.ts';
export { isTaskId, rootOf } from './contract/ids.ts';
export type { AboutTask, EndedRun, Finding, Instrument } from './contract/instrument.ts';
export type { ErrorValue } from './contract/outcome.ts';
export type { RecordedHistory, RecordedStep } from './contract/recorded-history.ts';
export { type RetryPolicy, retryLimits } from './contract/retry.ts';
export {
  type ChildCounts,
  type CoroutineView,
  isSettled,
  type Page,
  type RetryView,
  type SessionId,
  type SettledState,
  type TaskId,
  type TaskLogs,
  type TaskState,
  type TaskTree,
  type TaskView,
  taskStates,
  type WorkerView,
} from './contract/task.ts';
export { type TimeLimits, timeLimitRange } from './contract/time-limits.ts';
export {
  readTraceContext,
  spanIdOf,
  type TraceContext,
  traceIdOf,
} from './contract/trace.ts';
export type { StoreHealth } from './contract/views.ts';
export type { AsCompleted } from './loop/as-completed.ts';
export {
  type AnyCoroutineFunction,
  Coroutine,
  type CoroutineFunction,
  coroutine,
  isCoroutineFunction,
  isCoroutineName,
} from './loop/coroutines.ts';
export type { Future } from './loop/futures.ts';
export type { Awaitable, Gathered, GatherOptions } from './loop/gather.ts';
export type { CurrentTask, Loop } from './loop/loop.ts';
export type { MapOptions } from './loop/map.ts';
export type { TaskGroup } from './loop/taskgroups.ts';
export type { Task } from './loop/tasks.ts';
export { isThreadedFunction, type ThreadedFunction, threaded } from './loop/threaded.ts';
export type { Timeout } from './loop/timeouts.ts';
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  type Waited,
  type WaitOptions,
} from './loop/wait.ts';
export { programCoroutines } from './program/evaluate.ts';
export type { Expression } from './program/expression.ts';
export { programSchema } from './program/schema.ts';
export { type ProgramIssue, type ProgramLimits, validateProgram } from './program/validate.ts';
export { type ThreadEntry, threadEntry } from './threads/thread-entry.ts';
export { blameTask, runningTask } from './worker/blame.ts';
export type { Worker } from './worker/worker.ts';

/** Every error that users meet. Names follow asyncio where asyncio has one; `code` is stable and documented. */

abstract class CorralError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** The task was cancelled. As in asyncio it is no ordinary error: let it pass after cleaning up. */
export class CancelledError extends CorralError {
  readonly code = 'CANCELLED';
}

/** Time is over (asyncio's TimeoutError). */
export class TimeoutError extends CorralError {
  readonly code = 'TIMEOUT';
}

/** The task had to start within a time (`expiresAfter`), which was over before any worker had room for it. It never ran. */
export class ExpiredError extends CorralError {
  readonly code = 'EXPIRED';
}

/** The operation does not fit the state of the task or future, as in asyncio. */
export class InvalidStateError extends CorralError {
  readonly code = 'INVALID_STATE';
}

/** Several errors at once. */
export class ExceptionGroup extends CorralError {
  readonly code = 'EXCEPTION_GROUP';
  readonly errors: readonly Error[];
  constructor(message: string, errors: readonly Error[]) {
    super(message);
    this.errors = errors;
  }
}

/** An error of another task: `name`, `message` and the remote stack are those of the original. */
export class RemoteError extends Error {
  readonly code = 'REMOTE';
  /** `<coroutine> <task id>` where it was thrown. */
  readonly task: string | undefined;
  constructor(type: string, message: string, task: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.name = type;
    this.task = task;
  }
}

/** A coroutine did something else in replay than its history says. */
export class NonDeterminismError extends CorralError {
  readonly code = 'NON_DETERMINISM';
}

/** A value cannot be stored as JSON without loss; the message names the path. */
export class UnserializableError extends CorralError {
  readonly code = 'UNSERIALIZABLE';
}

/** A value is larger than the limit for it; nothing of it was written. */
export class PayloadTooLargeError extends CorralError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  /** What it is, how large, and how large it may be; undefined in an error that came from another task. `task`: index in
   *  the batch that it was submitted with. */
  readonly size: { field: string; size: number; limit: number; task?: number } | undefined;
  constructor(message: string, size?: { field: string; size: number; limit: number }) {
    super(message);
    this.size = size;
  }
}

/** The arguments do not fit the coroutine's schema. `issues`: JSON pointer and reason of each fault. */
export class InvalidArgumentsError extends CorralError {
  readonly code = 'INVALID_ARGUMENTS';
  readonly issues: readonly { pointer: string; detail: string }[];
  constructor(message: string, issues: readonly { pointer: string; detail: string }[]) {
    super(message);
    this.issues = issues;
  }
}

/** No coroutine of that name is loaded in this worker. */
export class UnknownCoroutineError extends CorralError {
  readonly code = 'UNKNOWN_COROUTINE';
}

/** There is no task of that id (Python's LookupError). */
export class LookupError extends CorralError {
  readonly code = 'LOOKUP';
}

/** Tasks wait for each other in a circle; the message names them. */
export class DeadlockError extends CorralError {
  readonly code = 'DEADLOCK';
}

/** The store cannot answer now. The call may be made again: if it did change something, that does not happen twice. */
export class StoreUnavailableError extends CorralError {
  readonly code: string = 'STORE_UNAVAILABLE';
}

/** The store's memory is full: it takes nothing new until there is room, and goes on with what it has. */
export class StoreFullError extends StoreUnavailableError {
  override readonly code = 'STORE_FULL';
}

/** The store is none on which the promises can be kept, and will not become one by waiting; the message says why. */
export class UnfitStoreError extends CorralError {
  readonly code = 'UNFIT_STORE';
}

/** This run of the task has lost its claim: another worker owns it now. Reason of `loop.signal`; never an outcome. */
export class FencedError extends CorralError {
  readonly code = 'FENCED';
}

/** The same idempotency key came with other content. */
export class IdempotencyConflictError extends CorralError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
}

/** Three workers in a row have died while they ran the task. It is not run again. */
export class WorkerCrashed extends CorralError {
  readonly code = 'WORKER_CRASHED';
}

/** A bug of Corral itself; please report it. */
export class CorralInternalError extends CorralError {
  readonly code = 'INTERNAL';
}

/** The public surface changes on purpose only. */
import { expect, it } from 'vitest';
import * as surface from '../src/index.ts';
import * as testing from '../src/testing/index.ts';

it('the public surface', () => {
  expect(Object.keys(surface).sort()).toEqual([
    'ALL_COMPLETED',
    'CancelledError',
    'Client',
    'Coroutine',
    'CorralInternalError',
    'DeadlockError',
    'ExceptionGroup',
    'ExpiredError',
    'FIRST_COMPLETED',
    'FIRST_EXCEPTION',
    'FencedError',
    'IdempotencyConflictError',
    'InvalidArgumentsError',
    'InvalidStateError',
    'LookupError',
    'NonDeterminismError',
    'PayloadTooLargeError',
    'RemoteError',
    'StoreFullError',
    'StoreUnavailableError',
    'TimeoutError',
    'UnfitStoreError',
    'UnknownCoroutineError',
    'UnserializableError',
    'WorkerCrashed',
    'auditStore',
    'blameTask',
    'connect',
    'coroutine',
    'encode',
    'errorValue',
    'isCoroutineFunction',
    'isCoroutineName',
    'isLastUpdate',
    'isSettled',
    'isTaskId',
    'isThreadedFunction',
    'isUpdateId',
    'programCoroutines',
    'programSchema',
    'readTraceContext',
    'retryLimits',
    'rootOf',
    'runningTask',
    'spanIdOf',
    'taskStates',
    'threadEntry',
    'threaded',
    'timeLimitRange',
    'traceIdOf',
    'validateProgram',
  ]);
});

it('the testing kit', () => {
  expect(Object.keys(testing).sort()).toEqual([
    'MemoryCluster',
    'MemoryDispatch',
    'MemoryStore',
    'SystemClock',
    'VirtualClock',
    'memoryCluster',
    'replayHistory',
  ]);
});

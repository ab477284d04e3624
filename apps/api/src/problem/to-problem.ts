/** Says which problem an error is, whoever threw it: our own code, the scheduler, Nest or Fastify. */

import {
  IdempotencyConflictError,
  PayloadTooLargeError,
  StoreFullError,
  StoreUnavailableError,
  UnserializableError,
} from '@corral/scheduler';
import { HttpException } from '@nestjs/common';
import { pointer } from './pointer.ts';
import { ProblemError } from './problem.ts';
import type { ProblemType } from './problem-types.ts';

/** Nest and Fastify throw for these statuses alone; what carries another one is a fault of ours. */
const typeOfStatus: ReadonlyMap<number, ProblemType> = new Map([
  [400, 'malformed-request'],
  [403, 'cross-origin-refused'],
  [404, 'route-not-found'],
  [413, 'body-too-large'],
  [415, 'unsupported-media-type'],
]);

export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof StoreFullError) return new ProblemError('store-full', { headers: { 'retry-after': '5' } });
  if (error instanceof StoreUnavailableError)
    return new ProblemError('store-unavailable', { headers: { 'retry-after': '1' } });
  if (error instanceof IdempotencyConflictError) return new ProblemError('idempotency-conflict');
  if (error instanceof PayloadTooLargeError) return payloadTooLarge(error);
  if (error instanceof UnserializableError) return new ProblemError('invalid-request', { detail: error.message });
  if (error instanceof HttpException) return new ProblemError(typeOfStatus.get(error.getStatus()) ?? 'internal-error');
  return new ProblemError('internal-error');
}

function payloadTooLarge({ message: detail, size }: PayloadTooLargeError): ProblemError {
  if (size?.task === undefined) return new ProblemError('payload-too-large', { detail });
  const place = pointer(['tasks', size.task, size.field === 'options' ? 'options' : 'args']);
  return new ProblemError('payload-too-large', { detail, errors: [{ pointer: place, detail }] });
}

/** How a submit is described and answered, whichever route it came by. */
import { isSettled, type TaskView } from '@corral/scheduler';
import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { submittedHeaders as headers, idempotencyHeader, traceparentHeader } from './task-descriptions.ts';
import { taskView as standardSchema } from './task-responses.ts';

export interface Submitted {
  task: TaskView;
  replayed: boolean;
}

export const Submits = (): MethodDecorator =>
  applyDecorators(
    HttpCode(202),
    ApiHeader(idempotencyHeader),
    ApiHeader(traceparentHeader),
    ApiAcceptedResponse({ description: 'The task exists.', standardSchema, headers }),
    ApiOkResponse({ description: 'With waitMs: the task is settled.', standardSchema, headers }),
  );

export function answerSubmitted(
  { task, replayed }: Submitted,
  waitMs: number | undefined,
  reply: FastifyReply,
): TaskView {
  reply.header('location', `/v1/tasks/${task.id}`);
  if (replayed) reply.header('idempotency-replayed', 'true');
  if (waitMs !== undefined && isSettled(task.state)) reply.status(200);
  return task;
}

import type { TaskView, TraceContext } from '@corral/scheduler';
import { Body, Controller, Headers, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';
import { Trace } from '../server/request-trace.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { bodyProblems, batchHeaders as headers, idempotencyHeader, traceparentHeader } from './task-descriptions.ts';
import { type Batch, batch } from './task-requests.ts';
import { submittedBatch as standardSchema } from './task-responses.ts';
import { TasksService } from './tasks.service.ts';

@ApiTags('tasks')
@Controller('v1/tasks/batch')
export class BatchesController {
  constructor(private readonly tasks: TasksService) {}

  @Post()
  @HttpCode(202)
  @ApiHeader(idempotencyHeader)
  @ApiHeader(traceparentHeader)
  @ApiOperation({ operationId: 'submitTasks', summary: 'Submit up to 1,000 tasks at once: all, or none' })
  @ApiAcceptedResponse({ description: 'The tasks exist.', standardSchema, headers })
  @Problems(...bodyProblems, 'invalid-arguments', 'invalid-program', 'idempotency-conflict')
  async submit(
    @Body({ schema: batch }) body: Batch,
    @Query({ schema: noQuery }) _query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Trace() trace: TraceContext | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ items: TaskView[] }> {
    const { tasks, replayed } = await this.tasks.submitAll(body.tasks, { key: idempotencyKey(key), trace });
    if (replayed) reply.header('idempotency-replayed', 'true');
    return { items: tasks };
  }
}

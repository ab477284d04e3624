import type { Page, RecordedHistory, TaskLogs, TaskTree, TaskView, TraceContext } from '@corral/scheduler';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';
import { Trace } from '../server/request-trace.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { answerSubmitted, Submits } from './submitted.ts';
import { bodyProblems, eventStream, lastEventIdHeader, taskId } from './task-descriptions.ts';
import type { Cancellation, CancelQuery, ListQuery, Submission, TreeQuery, WaitQuery } from './task-requests.ts';
import { cancellation, cancelQuery, listQuery, submission, treeQuery, waitQuery } from './task-requests.ts';
import { taskHistory, taskLogs, taskPage, taskTree, taskView } from './task-responses.ts';
import { TasksService } from './tasks.service.ts';

@ApiTags('tasks')
@Controller('v1/tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  @Post()
  @Submits()
  @ApiOperation({ operationId: 'submitTask', summary: 'Submit a task' })
  @Problems(...bodyProblems, 'invalid-arguments', 'invalid-program', 'idempotency-conflict')
  async submit(
    @Body({ schema: submission }) body: Submission,
    @Query({ schema: waitQuery }) { waitMs }: WaitQuery,
    @Headers('idempotency-key') key: string | undefined,
    @Trace() trace: TraceContext | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskView> {
    const came = { key: idempotencyKey(key), trace };
    return answerSubmitted(await this.tasks.submit(body, came, waitMs, reply.raw), waitMs, reply);
  }

  @Get()
  @ApiOperation({ operationId: 'listTasks', summary: 'List root tasks, newest first' })
  @ApiOkResponse({ description: 'One page.', standardSchema: taskPage })
  @Problems()
  list(@Query({ schema: listQuery }) query: ListQuery): Promise<Page<TaskView>> {
    return this.tasks.list(query);
  }

  @Get(':id')
  @ApiParam(taskId)
  @ApiOperation({ operationId: 'getTask', summary: 'Get a task, or wait for it' })
  @ApiOkResponse({ description: 'The task.', standardSchema: taskView })
  @Problems('task-not-found')
  get(
    @Param('id') id: string,
    @Query({ schema: waitQuery }) { waitMs }: WaitQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskView> {
    return this.tasks.get(id, waitMs, reply.raw);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @ApiParam(taskId)
  @ApiBody({ required: false })
  @ApiOperation({ operationId: 'cancelTask', summary: 'Request a cancel; changes nothing when the task is settled' })
  @ApiAcceptedResponse({ description: 'The task.', standardSchema: taskView })
  @Problems(...bodyProblems, 'task-not-found')
  cancel(
    @Param('id') id: string,
    @Body({ schema: cancellation }) body: Cancellation,
    @Query({ schema: cancelQuery }) { tree }: CancelQuery,
  ): Promise<TaskView> {
    return this.tasks.cancel(id, body?.message, tree ?? false);
  }

  @Get(':id/tree')
  @ApiParam(taskId)
  @ApiOperation({ operationId: 'getTaskTree', summary: 'Get a task and the tasks below it' })
  @ApiOkResponse({ description: 'The tree.', standardSchema: taskTree })
  @Problems('task-not-found')
  tree(@Param('id') id: string, @Query({ schema: treeQuery }) { limit }: TreeQuery): Promise<TaskTree> {
    return this.tasks.tree(id, limit);
  }

  @Get(':id/events')
  @ApiParam(taskId)
  @ApiHeader(lastEventIdHeader)
  @ApiOperation({ operationId: 'followTask', summary: 'Follow a task until it is settled, as server-sent events' })
  @ApiOkResponse(eventStream)
  @ApiNoContentResponse({ description: 'Nothing comes after Last-Event-ID: do not connect again.' })
  @Problems('task-not-found', 'too-many-streams')
  async events(
    @Param('id') id: string,
    @Query({ schema: noQuery }) _query: unknown,
    @Headers('last-event-id') lastId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const stream = await this.tasks.events(id, lastId, reply.raw);
    if (stream === undefined) return void reply.status(204).send();
    // The second header: a proxy such as nginx must not collect what should go out at once.
    reply.headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    return void reply.send(stream);
  }

  @Get(':id/history')
  @ApiParam(taskId)
  @ApiOperation({ operationId: 'getTaskHistory', summary: 'Get what is recorded of a task, to replay it in a test' })
  @ApiOkResponse({ description: 'Operations and events, in their order.', standardSchema: taskHistory })
  @Problems('task-not-found')
  history(@Param('id') id: string, @Query({ schema: noQuery }) _query: unknown): Promise<RecordedHistory> {
    return this.tasks.history(id);
  }

  @Get(':id/logs')
  @ApiParam(taskId)
  @ApiOperation({ operationId: 'getTaskLogs', summary: 'Get what a task and the tasks below it logged' })
  @ApiOkResponse({ description: 'One element for each task that logged, oldest first.', standardSchema: taskLogs })
  @Problems('task-not-found')
  logs(@Param('id') id: string, @Query({ schema: noQuery }) _query: unknown): Promise<{ logs: TaskLogs[] }> {
    return this.tasks.logs(id);
  }
}

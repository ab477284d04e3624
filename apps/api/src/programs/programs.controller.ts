import { programSchema, type TaskView, type TraceContext } from '@corral/scheduler';
import { Body, Controller, Get, Header, Headers, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';
import { Trace } from '../server/request-trace.ts';
import { idempotencyKey } from '../tasks/idempotency-key.ts';
import { answerSubmitted, Submits } from '../tasks/submitted.ts';
import { bodyProblems } from '../tasks/task-descriptions.ts';
import type { WaitQuery } from '../tasks/task-requests.ts';
import { waitQuery } from '../tasks/task-requests.ts';
import { TasksService } from '../tasks/tasks.service.ts';
import { checkProgram, programName } from './program-checks.ts';
import type { ProgramSubmission } from './program-requests.ts';
import { programSubmission } from './program-requests.ts';

const schemaMediaType = 'application/schema+json';
/** Bytes: to a text of JSON Fastify would add a charset, which this media type does not have. */
const schemaBytes = Buffer.from(JSON.stringify(programSchema));
const schemaContent = { [schemaMediaType]: { schema: { type: 'object' as const } } };

@ApiTags('programs')
@Controller('v1/programs')
export class ProgramsController {
  constructor(private readonly tasks: TasksService) {}

  @Post()
  @Submits()
  @ApiOperation({ operationId: 'submitProgram', summary: 'Submit a program: a task of the coroutine `program`' })
  @Problems(...bodyProblems, 'invalid-program', 'idempotency-conflict')
  async submit(
    @Body({ schema: programSubmission }) { program }: ProgramSubmission,
    @Query({ schema: waitQuery }) { waitMs }: WaitQuery,
    @Headers('idempotency-key') key: string | undefined,
    @Trace() trace: TraceContext | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskView> {
    checkProgram(program, '#/program');
    const task = { coroutine: programName, args: { program } };
    const submitted = await this.tasks.submitChecked(task, { key: idempotencyKey(key), trace }, waitMs, reply.raw);
    return answerSubmitted(submitted, waitMs, reply);
  }

  @Get('schema')
  @Header('content-type', schemaMediaType)
  @ApiOperation({ operationId: 'getProgramSchema', summary: 'Get the language of programs as a JSON Schema' })
  @ApiOkResponse({ description: 'JSON Schema (2020-12).', content: schemaContent })
  @Problems()
  schema(@Query({ schema: noQuery }) _query: unknown): Buffer {
    return schemaBytes;
  }
}

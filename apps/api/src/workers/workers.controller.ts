import type { Page, WorkerView } from '@corral/scheduler';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApiClient, CLIENT } from '../client.ts';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';

const worker = z
  .object({
    id: z.string(),
    state: z.enum(['up', 'draining', 'lost']),
    host: z.string(),
    pid: z.int().meta({ description: 'The process whose event loop runs the coroutines.' }),
    version: z.string(),
    slots: z.int().min(0).meta({ description: 'Coroutines that it runs at once.' }),
    running: z.int().min(0),
    suspended: z.int().min(0),
    coroutines: z.array(z.string()),
    stuck: z.boolean().exactOptional().meta({
      description: 'Present when its event loop has not turned for several seconds: a coroutine holds it.',
    }),
  })
  .meta({ id: 'Worker' });

const workerList: z.ZodType<Page<WorkerView>> = z.object({ items: z.array(worker) }).meta({ id: 'WorkerList' });

@ApiTags('cluster')
@Controller('v1/workers')
export class WorkersController {
  constructor(@Inject(CLIENT) private readonly client: ApiClient) {}

  @Get()
  @ApiOperation({ operationId: 'listWorkers', summary: 'List the workers' })
  @ApiOkResponse({ description: 'All of them.', standardSchema: workerList })
  @Problems()
  async list(@Query({ schema: noQuery }) _query: unknown): Promise<Page<WorkerView>> {
    return { items: await this.client.workers() };
  }
}

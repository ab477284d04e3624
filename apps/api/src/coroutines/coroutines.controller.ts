import type { CoroutineView, Page } from '@corral/scheduler';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApiClient, CLIENT } from '../client.ts';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';

const coroutine = z
  .object({
    name: z.string(),
    argsSchema: z.unknown().exactOptional().meta({ description: 'JSON Schema (2020-12) of the arguments.' }),
    versions: z
      .array(z.string())
      .meta({ description: 'Hash of the source that defines it; several when workers disagree.' }),
    workers: z.int().min(0).meta({ description: 'Live workers that can run it.' }),
  })
  .meta({ id: 'Coroutine' });

const coroutineList: z.ZodType<Page<CoroutineView>> = z
  .object({ items: z.array(coroutine) })
  .meta({ id: 'CoroutineList' });

@ApiTags('cluster')
@Controller('v1/coroutines')
export class CoroutinesController {
  constructor(@Inject(CLIENT) private readonly client: ApiClient) {}

  @Get()
  @ApiOperation({ operationId: 'listCoroutines', summary: 'List the coroutines that workers announce' })
  @ApiOkResponse({ description: 'All of them.', standardSchema: coroutineList })
  @Problems()
  async list(@Query({ schema: noQuery }) _query: unknown): Promise<Page<CoroutineView>> {
    return { items: await this.client.coroutines() };
  }
}

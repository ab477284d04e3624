import type { ClusterFacts } from '@corral/scheduler';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { type ApiClient, CLIENT } from '../client.ts';
import { Problems } from '../problem/problems.decorator.ts';
import { noQuery } from '../server/no-query.ts';

const count = z.int().min(0);
const about = (description: string) => count.meta({ description });

const cluster = z
  .object({
    load: about('What an autoscaler compares with `slots`: slots in use and tasks that could start now.'),
    slots: about('Of the workers that take tasks.'),
    slotsInUse: about('As the workers told a second ago.'),
    queued: about('Tasks that could start now if there were slots; beyond 200 entries the least that it can be.'),
    oldestPendingMs: about('For how long the oldest task that could start, or that no worker can run, has waited.'),
    workers: z.object({ up: count, draining: count, lost: about('In the last hour.') }),
    tasks: z.object({ pending: count, running: count, suspended: count }),
    unroutable: z
      .array(z.object({ coroutine: z.string(), tasks: count }))
      .meta({ description: 'Tasks that no live worker can run; `_OTHER` are names that no worker ever had.' }),
    lateTimerMs: about('How late the next timer is.'),
    orphaned: about('Tasks of workers that are gone, on their way to others.'),
    openGathers: count,
    trees: about('Trees that are kept, settled ones included.'),
    created: about('Tasks, since the cluster was set up.'),
    recovered: about('Tasks taken back from workers that were gone, since the cluster was set up.'),
  })
  .meta({ id: 'Cluster' });

type ClusterView = z.infer<typeof cluster>;

@ApiTags('cluster')
@Controller('v1/cluster')
export class ClusterController {
  constructor(@Inject(CLIENT) private readonly client: ApiClient) {}

  @Get()
  @ApiOperation({ operationId: 'getCluster', summary: 'Get the cluster as a whole: load, slots, and what waits' })
  @ApiOkResponse({ description: 'The cluster.', standardSchema: cluster })
  @Problems()
  async get(@Query({ schema: noQuery }) _query: unknown): Promise<ClusterView> {
    const { settled: _, ...facts }: ClusterFacts = await this.client.cluster();
    return { load: facts.slotsInUse + facts.queued, ...facts };
  }
}

/** /healthz, /readyz and /metrics, the same in every process. */
import { Controller, type DynamicModule, Get, Headers, Module, Res } from '@nestjs/common';
import { expose } from './exposition.ts';
import { Health } from './health.ts';
import { Metrics } from './metrics.ts';

/** The part of a Fastify reply that is used here. */
interface Reply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
}

@Controller()
export class OpsController {
  constructor(
    private readonly health: Health,
    private readonly metrics: Metrics,
  ) {}

  @Get('healthz')
  healthz(@Res({ passthrough: true }) reply: Reply): ReturnType<Health['alive']> {
    const answer = this.health.alive();
    reply.code(answer.status === 'alive' ? 200 : 503);
    reply.header('cache-control', 'no-store');
    return answer;
  }

  @Get('readyz')
  async readyz(@Res({ passthrough: true }) reply: Reply): Promise<Awaited<ReturnType<Health['ready']>>> {
    const answer = await this.health.ready();
    reply.code(answer.status === 'ready' ? 200 : 503);
    reply.header('cache-control', 'no-store');
    return answer;
  }

  @Get('metrics')
  async scrape(
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<string> {
    const { contentType, text } = await expose(this.metrics.registry, accept);
    reply.header('content-type', contentType);
    return text;
  }
}

@Module({ controllers: [OpsController] })
class OpsModule {}

export function opsModule(metrics: Metrics, health: Health): DynamicModule {
  const providers = [
    { provide: Metrics, useValue: metrics },
    { provide: Health, useValue: health },
  ];
  return { module: OpsModule, providers, exports: providers };
}

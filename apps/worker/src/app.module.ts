import type { Health, Metrics } from '@corral/service';
import { opsModule } from '@corral/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { WorkerHost } from './worker.host.ts';

@Module({})
class AppModule {}

/** HTTP for operators alone; the work comes from the cluster. */
export function appModule(host: WorkerHost, metrics: Metrics, health: Health): DynamicModule {
  return {
    module: AppModule,
    imports: [opsModule(metrics, health)],
    providers: [{ provide: WorkerHost, useValue: host }],
  };
}

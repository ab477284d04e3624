import { Module } from '@nestjs/common';
import { ClusterController } from './cluster/cluster.controller.ts';
import { ArgumentChecks } from './coroutines/argument-checks.ts';
import { CoroutinesController } from './coroutines/coroutines.controller.ts';
import { ProgramsController } from './programs/programs.controller.ts';
import { EventStreams } from './tasks/event-streams.ts';
import { LongPolls } from './tasks/long-polls.ts';
import { TasksController } from './tasks/tasks.controller.ts';
import { TasksService } from './tasks/tasks.service.ts';
import { WorkersController } from './workers/workers.controller.ts';

@Module({
  controllers: [TasksController, ProgramsController, WorkersController, CoroutinesController, ClusterController],
  providers: [TasksService, LongPolls, EventStreams, ArgumentChecks],
})
export class AppModule {}

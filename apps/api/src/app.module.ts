import { Module } from '@nestjs/common';
import { ClusterController } from './cluster/cluster.controller.ts';
import { ArgumentChecks } from './coroutines/argument-checks.ts';
import { CoroutinesController } from './coroutines/coroutines.controller.ts';
import { ProgramsController } from './programs/programs.controller.ts';
import { BatchesController } from './tasks/batches.controller.ts';
import { EventStreams } from './tasks/event-streams.ts';
import { LongPolls } from './tasks/long-polls.ts';
import { SubmissionChecks } from './tasks/submission-checks.ts';
import { TasksController } from './tasks/tasks.controller.ts';
import { TasksService } from './tasks/tasks.service.ts';
import { WorkersController } from './workers/workers.controller.ts';

@Module({
  controllers: [
    ...[TasksController, BatchesController, ProgramsController],
    ...[WorkersController, CoroutinesController, ClusterController],
  ],
  providers: [TasksService, LongPolls, EventStreams, SubmissionChecks, ArgumentChecks],
})
export class AppModule {}

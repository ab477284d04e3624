/** Group commit of a worker: while the store is away the same requests are sent again, for no task fails for it. */
import type { Clock } from '../contract/clock.ts';
import { GroupCommit } from '../contract/group-commit.ts';
import { untilAvailable } from './until-available.ts';

export class PatientCommit<Request, Answer> extends GroupCommit<Request, Answer> {
  constructor(clock: Clock, send: (partition: number, requests: readonly Request[]) => Promise<Answer[]>) {
    super(clock, (partition, requests) => untilAvailable(clock, () => send(partition, requests)));
  }
}

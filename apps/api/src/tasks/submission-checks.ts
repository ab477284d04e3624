/** What is checked of a submit beyond its shape, before a task exists: the same for one task and for each of a batch. */
import { Injectable } from '@nestjs/common';
import { ArgumentChecks } from '../coroutines/argument-checks.ts';
import { type FieldError, ProblemError } from '../problem/problem.ts';
import { checkProgramArguments, programName } from '../programs/program-checks.ts';
import type { Submission } from './task-requests.ts';

const maxErrors = 20;

@Injectable()
export class SubmissionChecks {
  constructor(private readonly args: ArgumentChecks) {}

  /** Throws the problem. `place`: pointer to the submission in the body. */
  async check(submission: Submission, place: string): Promise<void> {
    await this.#refreshFor([submission]);
    this.#check(submission, place);
  }

  /** Throws the problem of the first that is at fault, with the faults of all that have the same problem. */
  async checkAll(submissions: readonly Submission[], place: string): Promise<void> {
    let first: ProblemError | undefined;
    const errors: FieldError[] = [];
    await this.#refreshFor(submissions);
    for (const [index, submission] of submissions.entries()) {
      try {
        this.#check(submission, `${place}/${index}`);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        first ??= error;
        if (error.type === first.type) errors.push(...(error.more.errors ?? []));
        if (errors.length >= maxErrors) break;
      }
    }
    if (first !== undefined) throw new ProblemError(first.type, { ...first.more, errors: errors.slice(0, maxErrors) });
  }

  /** Programs are checked without the workers' help. */
  async #refreshFor(submissions: readonly Submission[]): Promise<void> {
    if (submissions.some(({ coroutine }) => coroutine !== programName)) await this.args.refresh();
  }

  #check({ coroutine, args = {} }: Submission, place: string): void {
    if (coroutine === programName) checkProgramArguments(args, `${place}/args`);
    else this.args.check(coroutine, args, `${place}/args`);
  }
}

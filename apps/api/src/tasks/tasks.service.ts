import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import {
  isSettled,
  isTaskId,
  type Page,
  type RecordedHistory,
  StoreUnavailableError,
  type TaskLogs,
  type TaskTree,
  type TaskView,
  type TraceContext,
} from '@corral/scheduler';
import { Inject, Injectable } from '@nestjs/common';
import { type ApiClient, CLIENT } from '../client.ts';
import { ProblemError } from '../problem/problem.ts';
import { EventStreams } from './event-streams.ts';
import { LongPolls } from './long-polls.ts';
import { SubmissionChecks } from './submission-checks.ts';
import type { Submitted } from './submitted.ts';
import type { ListQuery, Submission } from './task-requests.ts';

/** What comes with a submit, besides its body. */
export interface Accompanying {
  /** The idempotency key. */
  key: string | undefined;
  trace: TraceContext | undefined;
}

const asOptions = ({ key, trace }: Accompanying) => (key === undefined ? { trace } : { trace, idempotencyKey: key });

@Injectable()
export class TasksService {
  constructor(
    @Inject(CLIENT) private readonly client: ApiClient,
    private readonly checks: SubmissionChecks,
    private readonly polls: LongPolls,
    private readonly streams: EventStreams,
  ) {}

  /** Checks the arguments as far as the API knows what they should be, and submits. */
  async submit(
    submission: Submission,
    came: Accompanying,
    waitMs: number | undefined,
    response: ServerResponse,
  ): Promise<Submitted> {
    await this.checks.check(submission, '#');
    return this.submitChecked(submission, came, waitMs, response);
  }

  async submitChecked(
    { coroutine, args = {}, options = {} }: Submission,
    came: Accompanying,
    waitMs: number | undefined,
    response: ServerResponse,
  ): Promise<Submitted> {
    if (waitMs !== undefined) this.polls.check(waitMs);
    const submitted = await this.client.submitOnce(coroutine, args, { ...options, ...asOptions(came) });
    if (waitMs === undefined || isSettled(submitted.task.state)) return submitted;
    return { ...submitted, task: await this.#settledIfPossible(submitted.task, waitMs, response) };
  }

  /** Checks all of them, and then submits all of them. */
  async submitAll(
    submissions: readonly Submission[],
    came: Accompanying,
  ): Promise<{ tasks: TaskView[]; replayed: boolean }> {
    await this.checks.checkAll(submissions, '#/tasks');
    const tasks = submissions.map(({ coroutine, args = {}, options = {} }) => ({ coroutine, args, options }));
    return this.client.submitAll(tasks, asOptions(came));
  }

  /** The task exists: should the store go away while we wait, the caller must learn its id all the same. */
  async #settledIfPossible(submitted: TaskView, waitMs: number, response: ServerResponse): Promise<TaskView> {
    try {
      return (await this.polls.wait(submitted.id, waitMs, response)) ?? submitted;
    } catch (error) {
      if (error instanceof StoreUnavailableError) return submitted;
      throw error;
    }
  }

  async get(id: string, waitMs: number | undefined, response: ServerResponse): Promise<TaskView> {
    if (waitMs === undefined) return this.#found(id, () => this.client.get(id));
    this.polls.check(waitMs);
    return this.#found(id, () => this.polls.wait(id, waitMs, response));
  }

  cancel(id: string, message: string | undefined, tree: boolean): Promise<TaskView> {
    return this.#found(id, () => this.client.cancel(id, message, { tree }));
  }

  tree(id: string, limit: number | undefined): Promise<TaskTree> {
    return this.#found(id, () => this.client.tree(id, limit));
  }

  async events(id: string, lastId: string | undefined, response: ServerResponse): Promise<Readable | undefined> {
    await this.#found(id, () => this.client.get(id));
    return this.streams.open(id, lastId, response);
  }

  history(id: string): Promise<RecordedHistory> {
    return this.#found(id, () => this.client.history(id));
  }

  async logs(id: string): Promise<{ logs: TaskLogs[] }> {
    return { logs: await this.#found(id, () => this.client.logs(id)) };
  }

  async list(query: ListQuery): Promise<Page<TaskView>> {
    try {
      return await this.client.list(query);
    } catch (error) {
      if (!(error instanceof RangeError) || query.cursor === undefined) throw error;
      throw new ProblemError('invalid-request', {
        errors: [{ parameter: 'cursor', detail: 'must be the nextCursor of a page before' }],
      });
    }
  }

  /** An id that has not the form of one names no task either, and the store need not be asked. */
  async #found<T>(id: string, look: () => Promise<T | undefined>): Promise<T> {
    const found = isTaskId(id) ? await look() : undefined;
    if (found === undefined) throw new ProblemError('task-not-found');
    return found;
  }
}

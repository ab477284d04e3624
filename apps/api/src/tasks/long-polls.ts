/**
 * Long polls: requests that wait for a task to settle. One ends early, with what the task is by then, when its client
 * has gone or when the API closes; so no wait holds up a shutdown.
 */
import type { ServerResponse } from 'node:http';
import type { TaskView } from '@corral/scheduler';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type ApiClient, CLIENT } from '../client.ts';
import { ProblemError } from '../problem/problem.ts';

export const MAX_WAIT_MS = Symbol('largest waitMs');

@Injectable()
export class LongPolls implements OnModuleDestroy {
  readonly #open = new Set<AbortController>();
  readonly #waitedMs = new WeakMap<ServerResponse, number>();
  #closing = false;

  constructor(
    @Inject(CLIENT) private readonly client: ApiClient,
    @Inject(MAX_WAIT_MS) private readonly maxWaitMs: number,
  ) {}

  get count(): number {
    return this.#open.size;
  }

  /** For how long this response has been held back. */
  waitedMs(response: ServerResponse): number {
    return this.#waitedMs.get(response) ?? 0;
  }

  check(waitMs: number): void {
    if (waitMs <= this.maxWaitMs) return;
    throw new ProblemError('invalid-request', {
      errors: [{ parameter: 'waitMs', detail: `must be at most ${this.maxWaitMs}` }],
    });
  }

  /** The task as soon as it is settled, or as it is after `waitMs` or when `response` is closed. */
  async wait(id: string, waitMs: number, response: ServerResponse): Promise<TaskView | undefined> {
    if (this.#closing || response.closed) return this.client.get(id);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    response.once('close', abort);
    this.#open.add(controller);
    const began = performance.now();
    try {
      return await this.client.wait(id, waitMs, controller.signal);
    } finally {
      this.#waitedMs.set(response, performance.now() - began);
      this.#open.delete(controller);
      response.off('close', abort);
    }
  }

  onModuleDestroy(): void {
    this.#closing = true;
    for (const controller of this.#open) controller.abort();
  }
}

/** The REST API as a client program speaks to it: over connections that are kept. */
import type { TaskId, TaskView } from '@corral/scheduler';
import { Pool } from 'undici';

const longestWaitMs = 60_000;

export interface Submission {
  coroutine: string;
  args: unknown;
}

export class Rest {
  readonly #pool: Pool;

  constructor(url: string, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
  }

  async submit(submission: Submission): Promise<TaskId> {
    return (await this.#ask('POST', '/v1/tasks', 202, submission)).id;
  }

  /** In one request. In the order of the submissions. */
  async submitBatch(tasks: readonly Submission[]): Promise<TaskId[]> {
    return (await this.#ask<{ items: TaskView[] }>('POST', '/v1/tasks/batch', 202, { tasks })).items.map(
      ({ id }) => id,
    );
  }

  async submitAndWait(submission: Submission): Promise<unknown> {
    return (await this.#ask('POST', `/v1/tasks?waitMs=${longestWaitMs}`, 200, submission)).result;
  }

  /** The settled task. */
  async settled(id: TaskId): Promise<TaskView> {
    const view = await this.#ask('GET', `/v1/tasks/${id}?waitMs=${longestWaitMs}`, 200);
    if (view.state !== 'succeeded') throw new Error(`task ${id}: ${JSON.stringify(view)}`);
    return view;
  }

  async #ask<Answer = TaskView>(method: 'GET' | 'POST', path: string, wanted: number, body?: unknown): Promise<Answer> {
    const sent =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await this.#pool.request({ method, path, ...sent });
    const text = await response.body.text();
    if (response.statusCode !== wanted) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return JSON.parse(text) as Answer;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

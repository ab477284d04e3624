/** What the tests ask of the REST API. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface TaskView {
  id: string;
  state: string;
  attempt: number;
  worker: string | null;
  result?: unknown;
}

export interface ClusterView {
  workers: { up: number; draining: number; lost: number };
  slots: number;
  tasks: { pending: number; running: number; suspended: number };
  recovered: number;
}

export interface WorkerView {
  id: string;
  host: string;
}

export class Rest {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async submit(coroutine: string, args: unknown): Promise<string> {
    const answer = await fetch(`${this.#url}/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ coroutine, args }),
    });
    if (answer.status !== 202) throw new Error(`submit: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as TaskView).id;
  }

  task(id: string): Promise<TaskView> {
    return this.#get(`/v1/tasks/${id}`);
  }

  /** The task when it has ended; asks again when a request is cut off. */
  async ended(id: string): Promise<TaskView> {
    let last = await this.#get<TaskView>(`/v1/tasks/${id}?waitMs=10000`).catch(() => undefined);
    const end = performance.now() + 90_000;
    while (!['succeeded', 'failed', 'cancelled'].includes(last?.state ?? '')) {
      if (performance.now() > end) throw new Error(`${id} does not end: ${JSON.stringify(last)}`);
      await sleep(200);
      last = await this.#get<TaskView>(`/v1/tasks/${id}?waitMs=10000`).catch(() => undefined);
    }
    return last as TaskView;
  }

  cluster(): Promise<ClusterView> {
    return this.#get('/v1/cluster');
  }

  async workers(): Promise<WorkerView[]> {
    return (await this.#get<{ items: WorkerView[] }>('/v1/workers')).items;
  }

  async until(what: string, holds: (cluster: ClusterView) => boolean): Promise<void> {
    const end = performance.now() + 90_000;
    for (;;) {
      const seen = await this.cluster().catch(() => undefined);
      if (seen !== undefined && holds(seen)) return;
      if (performance.now() > end) throw new Error(`still not ${what}: ${JSON.stringify(seen)}`);
      await sleep(200);
    }
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.#url}/metrics`)).text();
  }

  async #get<Answer>(path: string): Promise<Answer> {
    const answer = await fetch(`${this.#url}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }
}

/**
 * Server-sent events (WHATWG HTML, 9.2) of tasks. A stream reads on only when its client does, so a slow client costs no
 * memory; there are so many streams at once and no more; when the API closes, each ends after the event that it is
 * writing, and its client goes on elsewhere with `Last-Event-ID`.
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { isLastUpdate, isUpdateId, type TaskUpdate } from '@corral/scheduler';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type ApiClient, CLIENT } from '../client.ts';
import { ProblemError } from '../problem/problem.ts';

export const MAX_EVENT_STREAMS = Symbol('most event streams');

/** Proxies cut connections on which nothing moves, often after 30 or 60 s. */
const heartbeatMs = 15_000;
/** A client comes back after so long when its connection was cut. */
const retryMs = 1000;
/** A client that does not read when the API closes is cut off after this. */
const closeMs = 1000;

@Injectable()
export class EventStreams implements OnModuleDestroy {
  readonly #open = new Map<Readable, AbortController>();
  #closing = false;

  constructor(
    @Inject(CLIENT) private readonly client: ApiClient,
    @Inject(MAX_EVENT_STREAMS) private readonly most: number,
  ) {}

  get count(): number {
    return this.#open.size;
  }

  /** The text of the stream; undefined when there is nothing after the event `lastId`. The task exists. */
  open(id: string, lastId: string | undefined, response: ServerResponse): Readable | undefined {
    if (lastId !== undefined && !isUpdateId(lastId))
      throw new ProblemError('invalid-request', {
        errors: [{ header: 'Last-Event-ID', detail: 'must be the id of an event of this stream, or left out' }],
      });
    if (lastId !== undefined && isLastUpdate(lastId)) return undefined;
    if (this.#closing || this.#open.size >= this.most)
      throw new ProblemError('too-many-streams', { headers: { 'retry-after': '5' } });
    const controller = new AbortController();
    const after = lastId === undefined ? {} : { after: lastId };
    const updates = this.client.events(id, { ...after, signal: controller.signal });
    // One event ahead at most: what is not read stays in the store.
    const stream = Readable.from(textOf(updates), { highWaterMark: 1 });
    this.#open.set(stream, controller);
    stream.once('close', () => this.#open.delete(stream));
    response.once('close', () => {
      controller.abort();
      stream.destroy();
    });
    return stream;
  }

  async onModuleDestroy(): Promise<void> {
    this.#closing = true;
    const ended = [...this.#open].map(([stream, controller]) => {
      const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
      controller.abort();
      return closed;
    });
    const late = setTimeout(() => {
      for (const stream of this.#open.keys()) stream.destroy();
    }, closeMs);
    await Promise.all(ended);
    clearTimeout(late);
  }
}

async function* textOf(updates: AsyncGenerator<TaskUpdate>): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`;
  try {
    for (;;) {
      const next = updates.next();
      while (!(await endsWithin(next, heartbeatMs))) yield ':\n\n';
      const { done, value } = await next;
      if (done) return;
      yield eventText(value);
    }
  } finally {
    void updates.return(undefined);
  }
}

/** Whether the promise is settled before `ms` are over. Never rejects. */
async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const settled = (): void => resolve(true);
  promise.then(settled, settled);
  const first = await over;
  clearTimeout(timer);
  return first;
}

/** JSON has no line breaks, so each datum is one line. */
function eventText(update: TaskUpdate): string {
  return `id: ${update.id}\nevent: ${update.kind}\ndata: ${JSON.stringify(dataOf(update))}\n\n`;
}

function dataOf(update: TaskUpdate): unknown {
  switch (update.kind) {
    case 'log':
      return update.entry;
    case 'progress':
      return update.progress;
    default:
      return update.task;
  }
}

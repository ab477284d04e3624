/** Runs a case on a cluster over REST, in real time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Case, type Outcome, unitsOf } from './case.ts';
import { scaled } from './expressions.ts';

/** The longest single wait of a request. */
const pollMs = 10_000;
/** What a request may take beyond what it was asked to wait. */
const answerMs = 30_000;
/** What may be over the duration of a case before it counts as stuck. */
const graceMs = 30_000;

/** As far as it is looked at. */
interface View extends Outcome {
  id: string;
}

export class Service {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** Throws an error that says what the contract does not allow, or that the program is stuck. */
  async run(test: Case, unit: number): Promise<Outcome> {
    // There are no durations to scale in what is no program.
    const program = test.expect.state === 'invalid' ? test.program : scaled(test.program, unit);
    const submitted = await this.#request('POST', '/v1/programs', { program });
    const { status } = submitted;
    if (status === 400 || status === 422) return await refused(submitted);
    const { id } = await expectStatus<View>(submitted, 202);
    const deadline = performance.now() + unitsOf(test) * unit + graceMs;
    if (test.cancel !== undefined) {
      await sleep(test.cancel.after * unit);
      await this.#cancel(id, test.cancel.message);
    }
    const { state, result, error } = await this.#settled(id, deadline);
    const { logs } = await this.#get<{ logs: { entries: unknown[] }[] }>(`/v1/tasks/${id}/logs`);
    return { state, result, error, logs: logs.map(({ entries }) => entries).filter(({ length }) => length > 0) };
  }

  async #settled(id: string, deadline: number): Promise<View> {
    for (;;) {
      const left = Math.max(0, Math.ceil(deadline - performance.now()));
      const view = await this.#get<View>(`/v1/tasks/${id}?waitMs=${Math.min(left, pollMs)}`);
      if (['succeeded', 'failed', 'cancelled'].includes(view.state)) return view;
      if (left > 0) continue;
      await this.#cancel(id, undefined); // it should not go on
      throw new Error(`stuck: ${view.state} when it should have been settled long ago`);
    }
  }

  async #cancel(id: string, message: string | undefined): Promise<void> {
    await expectStatus(await this.#request('POST', `/v1/tasks/${id}/cancel`, { message }), 202);
  }

  async #get<T>(path: string): Promise<T> {
    return await expectStatus<T>(await this.#request('GET', path), 200);
  }

  async #request(method: string, path: string, body?: object): Promise<Response> {
    return await fetch(this.#url + path, {
      method,
      signal: AbortSignal.timeout(pollMs + answerMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }
}

async function refused(answer: Response): Promise<Outcome> {
  const type = answer.headers.get('content-type');
  if (type?.startsWith('application/problem+json') === true) return { state: 'invalid' };
  throw new Error(`${answer.status} as ${type}, which is no problem document: ${await answer.text()}`);
}

async function expectStatus<T>(answer: Response, status: number): Promise<T> {
  if (answer.status === status) return (await answer.json()) as T;
  throw new Error(`${answer.url}: expected ${status}, got ${answer.status} ${await answer.text()}`);
}

/**
 * request: HTTP with limits, as every shipped coroutine speaks it.
 *
 * Owns: the deadline over a whole exchange, the limit on the decompressed size, the names of errors. Does not own:
 * which addresses may be reached (network-guard.ts), redirects (the callers follow them by hand, to look at each).
 */
import { type Dispatcher, fetch, type RequestInit, type Response } from 'undici';
import { ConnectionFailed, FetchTimeout, ResponseTooLarge } from './fetch-errors.ts';

export class HttpClient {
  readonly #dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /**
   * Runs an exchange of one or more requests that must end within `ms`, and gives its errors their names. An abort of
   * `signal` raises its reason.
   */
  async within<T>(signal: AbortSignal, ms: number, exchange: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(ms);
    try {
      return await exchange(AbortSignal.any([signal, deadline]));
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted) throw new FetchTimeout(`no complete answer within ${ms} ms`);
      throw named(error);
    }
  }

  send(url: URL, init: RequestInit): Promise<Response> {
    return fetch(url, { ...init, redirect: 'manual', dispatcher: this.#dispatcher });
  }
}

/** Reads the body; `maxBytes` counts what comes out of decompression. */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new ResponseTooLarge(`the body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Gives the connection up without reading the body. */
export async function dropBody(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** undici says "fetch failed" or "terminated" and keeps the reason in `cause`. */
function named(error: unknown): unknown {
  const cause = error instanceof TypeError ? error.cause : undefined;
  if (!(cause instanceof Error)) return error;
  if (!('code' in cause) || typeof cause.code !== 'string') return cause;
  return new ConnectionFailed(cause.code, cause.message || cause.code);
}

/** visit: one look at one URL. Whatever happens is a finding; only a cancel of the task is an error. */
import { hostname } from 'node:os';
import type { Response } from 'undici';
import { AddressRefused, ConnectionFailed, FetchTimeout, ResponseTooLarge } from '../fetch-errors.ts';
import type { HttpClient } from '../request.ts';
import type { PageContents } from './page-contents.ts';
import { isWeb, plainUrl } from './web-links.ts';

/** Why a URL gave no answer. */
export type FailureReason =
  | 'address-refused'
  | 'bad-redirect'
  | 'connection-failed'
  | 'connection-refused'
  | 'connection-reset'
  | 'task-failed'
  | 'timeout'
  | 'tls'
  | 'too-large'
  | 'unknown-host';

export interface Answer {
  status: number;
  /** Where a redirect leads, absolute, with its fragment. */
  location?: string;
  /** Of the decompressed body, as far as it was read. */
  bytes?: number;
  /** Of an HTML page that was read. */
  contents?: PageContents;
}

export interface Visit extends Partial<Answer> {
  url: string;
  /** `host:pid` of the worker. */
  by: string;
  ms: number;
  failure?: { reason: FailureReason; detail: string };
}

const worker = `${hostname()}:${process.pid}`;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

export async function visit(
  client: HttpClient,
  signal: AbortSignal,
  { url, timeoutMs }: { url: string; timeoutMs: number },
  look: (signal: AbortSignal) => Promise<Answer>,
): Promise<Visit> {
  const started = performance.now();
  const once = async (): Promise<Partial<Visit>> => {
    try {
      return await client.within(signal, timeoutMs, look);
    } catch (error) {
      signal.throwIfAborted();
      return { failure: { reason: reasonOf(error), detail: error instanceof Error ? error.message : String(error) } };
    }
  };
  let seen = await once();
  // An idle connection may be closed by the server at the moment of use: that says nothing about the URL.
  if (seen.failure?.reason === 'connection-reset') seen = await once();
  return { url, by: worker, ms: Math.round(performance.now() - started), ...seen };
}

/** Status and, of a redirect, where to. */
export function answerOf(response: Response, url: string): Answer {
  const location = redirectStatus.has(response.status) ? response.headers.get('location') : null;
  if (location === null) return { status: response.status };
  const to = URL.parse(location, url);
  const target = to === null || !isWeb(to) ? undefined : plainUrl(to);
  if (target === undefined) throw new BadRedirect(location);
  return { status: response.status, location: target };
}

class BadRedirect extends Error {
  constructor(location: string) {
    super(`redirects to "${location.slice(0, 200)}", which is no URL of the web`);
  }
}

function reasonOf(error: unknown): FailureReason {
  if (error instanceof FetchTimeout) return 'timeout';
  if (error instanceof AddressRefused) return 'address-refused';
  if (error instanceof ResponseTooLarge) return 'too-large';
  if (error instanceof BadRedirect) return 'bad-redirect';
  if (!(error instanceof ConnectionFailed)) return 'connection-failed';
  if (error.code === 'ECONNREFUSED') return 'connection-refused';
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(error.code)) return 'connection-reset';
  if (/^(ENOTFOUND|EAI_AGAIN|ENODATA)$/.test(error.code)) return 'unknown-host';
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(error.code) ? 'tls' : 'connection-failed';
}

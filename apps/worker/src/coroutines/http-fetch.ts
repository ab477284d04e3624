/**
 * httpFetch: one HTTP exchange as a task.
 *
 * H1. One deadline covers all of it, redirects and body included. H2. Each hop of a redirect is checked like the first
 * URL. H3. Another origin gets none of the caller's headers but the plain ones: whatever else they hold may be a secret.
 * H4. What is asked first learns of the trace that the task belongs to, unless the caller names another.
 */
import { coroutine } from '@corral/scheduler';
import type { RequestInit, Response } from 'undici';
import { z } from 'zod';
import { decodeText } from './charset.ts';
import { RedirectRefused, ResponseNotJson, TooManyRedirects } from './fetch-errors.ts';
import { dropBody, type HttpClient, readBody } from './request.ts';
import { webUrl } from './web-url.ts';

/** They belong to the connection or to the framing of the message, and are set by the client itself. */
const ownHeaders =
  /^(host|connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;
const plainHeaders = /^(accept|accept-language|content-type|range|user-agent)$/i;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

const headerName = /^[\w!#$%&'*+.^`|~-]{1,256}$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;

const headers = z.record(z.string(), z.string()).superRefine((all, context) => {
  const refuse = (name: string, message: string) => context.addIssue({ code: 'custom', path: [name], message });
  for (const [name, value] of Object.entries(all)) {
    if (!headerName.test(name)) refuse(name, 'is no header name');
    else if (ownHeaders.test(name)) refuse(name, 'is set by the client itself; leave this header out');
    if (!headerValue.test(value)) refuse(name, 'must be Latin-1 text without line breaks or control characters');
  }
});

const args = z
  .strictObject({
    url: webUrl,
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
    headers: headers.default({}),
    body: z.string().optional().describe('sent as it is, in UTF-8'),
    json: z.json().optional().describe('sent as JSON, with the content type application/json'),
    timeoutMs: z.int().min(1).max(600_000).default(30_000).describe('for everything: redirects and body included'),
    maxBytes: z.int().min(0).max(100_000_000).default(1_000_000).describe('of the decompressed body'),
    maxRedirects: z.int().min(0).max(20).default(5).describe('0: a redirect is given back as the answer'),
    as: z
      .enum(['auto', 'text', 'json', 'base64', 'none'])
      .default('auto')
      .describe('what becomes of the body; auto: JSON when the content type says so, otherwise text'),
  })
  .refine(({ body, json }) => body === undefined || json === undefined, {
    error: 'give body or json, not both',
    path: ['json'],
  })
  .refine(({ method, body, json }) => !/^(GET|HEAD)$/.test(method) || (body === undefined && json === undefined), {
    error: 'GET and HEAD have no body; use another method',
    path: ['method'],
  });

type Arguments = z.output<typeof args>;

export interface HttpAnswer {
  status: number;
  /** Names in lower case; `set-cookie` is a list. */
  headers: Record<string, string | string[]>;
  /** The final one. */
  url: string;
  /** The URLs that answered with a redirect, in order. */
  redirects: string[];
  body: unknown;
  /** Of the decompressed body. */
  bytes: number;
  ms: number;
}

export const httpFetch = (client: HttpClient) =>
  coroutine(
    'httpFetch',
    (loop, request): Promise<HttpAnswer> =>
      client.within(loop.signal, request.timeoutMs, (signal) =>
        exchange(client, { ...request, headers: { ...loop.traceHeaders, ...lower(request.headers) } }, signal),
      ),
    { args, description: 'One HTTP request: follows redirects, limits time and size, reaches public addresses only.' },
  );

async function exchange(client: HttpClient, request: Arguments, signal: AbortSignal): Promise<HttpAnswer> {
  const started = performance.now();
  const { response, url, redirects } = await follow(client, request, signal);
  if (request.as === 'none') await dropBody(response);
  const bytes = request.as === 'none' ? new Uint8Array() : await readBody(response, request.maxBytes);
  return {
    status: response.status,
    headers: headersOf(response),
    url: url.href,
    redirects,
    body: bodyOf(bytes, response.headers.get('content-type') ?? '', request.as),
    bytes: bytes.byteLength,
    ms: Math.round(performance.now() - started),
  };
}

async function follow(client: HttpClient, request: Arguments, signal: AbortSignal) {
  const redirects: string[] = [];
  let url = new URL(request.url);
  let init = firstRequest(request, signal);
  for (;;) {
    const response = await client.send(url, init);
    const location = redirectStatus.has(response.status) ? response.headers.get('location') : null;
    if (location === null || request.maxRedirects === 0) return { response, url, redirects };
    await dropBody(response);
    redirects.push(url.href);
    if (redirects.length > request.maxRedirects)
      throw new TooManyRedirects(`more than ${request.maxRedirects} redirects, the last from ${url.href}`);
    const next = redirectTarget(url, location);
    init = nextRequest(init, response.status, next.origin === url.origin);
    url = next;
  }
}

function firstRequest({ method, headers, body, json }: Arguments, signal: AbortSignal): RequestInit {
  if (json !== undefined)
    return {
      method,
      signal,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(json),
    };
  return { method, signal, headers, ...(body === undefined ? {} : { body }) };
}

const lower = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** As browsers do: 303, and 301 or 302 after POST, go on with GET and without the body. */
function nextRequest({ method, headers, body, signal }: RequestInit, status: number, sameOrigin: boolean): RequestInit {
  const becomesGet = method !== 'HEAD' && (status === 303 || ((status === 301 || status === 302) && method === 'POST'));
  const kept = Object.entries(headers as Record<string, string>).filter(
    ([name]) => (sameOrigin || plainHeaders.test(name)) && !(becomesGet && name.startsWith('content-')),
  );
  return {
    method: becomesGet ? 'GET' : method,
    headers: Object.fromEntries(kept),
    signal,
    ...(becomesGet || body === undefined ? {} : { body }),
  } as RequestInit;
}

function redirectTarget(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null) throw new RedirectRefused(`${from.href} redirects to something that is no URL`);
  if (to.protocol !== 'http:' && to.protocol !== 'https:')
    throw new RedirectRefused(`${from.href} redirects to the scheme ${to.protocol} which is not followed`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new RedirectRefused(`${from.href} redirects from https down to http`);
  if (to.username !== '' || to.password !== '')
    throw new RedirectRefused(`${from.href} redirects to a URL with a user name or password`);
  return to;
}

function headersOf(response: Response): Record<string, string | string[]> {
  const cookies = response.headers.getSetCookie();
  const all: [string, string | string[]][] = [...response.headers].filter(([name]) => name !== 'set-cookie');
  return Object.fromEntries(cookies.length === 0 ? all : [...all, ['set-cookie', cookies]]);
}

function bodyOf(bytes: Uint8Array, contentType: string, as: Arguments['as']): unknown {
  if (as === 'none') return null;
  if (as === 'base64') return Buffer.from(bytes).toString('base64');
  const text = decodeText(bytes, contentType);
  const saysJson = /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
  if (as === 'text' || (as === 'auto' && !saysJson)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (as === 'auto') return text;
    throw new ResponseNotJson(`the body is not JSON: ${(error as Error).message}`);
  }
}

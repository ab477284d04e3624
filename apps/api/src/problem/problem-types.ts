/**
 * Every kind of problem that the API answers. The `type` of a response is `/problems/<key>` and stays what it is;
 * `detail` is the text for a case that has nothing more exact to say. docs/reference/errors.md lists exactly these.
 */
export const problemTypes = {
  'malformed-request': {
    status: 400,
    title: 'The request is not valid HTTP',
    detail: 'The URL, a header or the length of the body is malformed.',
  },
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    detail: 'Send one JSON text in UTF-8.',
  },
  'invalid-request': {
    status: 400,
    title: 'The request does not fit the API',
    detail: '`errors` names each fault; /openapi.json has the schema of every route.',
  },
  'invalid-arguments': {
    status: 400,
    title: 'The arguments do not fit the coroutine',
    detail: '`errors` names each fault; GET /v1/coroutines shows the schema as `argsSchema`.',
  },
  'invalid-program': {
    status: 400,
    title: 'The program is not valid',
    detail: '`errors` names each fault; GET /v1/programs/schema has the language as a JSON Schema.',
  },
  'cross-origin-refused': {
    status: 403,
    title: 'A web page of another origin may not do this',
    detail: 'Send the request from a page of this origin, or from a program that is no browser.',
  },
  'route-not-found': {
    status: 404,
    title: 'There is nothing at this path',
    detail: '/docs lists every route.',
  },
  'task-not-found': {
    status: 404,
    title: 'There is no such task',
    detail: 'The id was never given out, or the task has been removed.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The path does not know this method',
    detail: 'The header Allow lists the methods that it knows.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    detail: 'Send headers and body without a break.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    detail: 'Send less at once, or raise CORRAL_BODY_LIMIT (bytes) of the API.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The arguments or options are too large',
    detail: 'Keep large data elsewhere and pass a reference to it, or raise CORRAL_MAX_PAYLOAD (bytes).',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The API reads JSON alone',
    detail: 'Send the header Content-Type: application/json, and no Content-Encoding.',
  },
  'idempotency-conflict': {
    status: 422,
    title: 'The idempotency key is taken',
    detail: 'The same Idempotency-Key came before with another coroutine, other arguments or options. Use a new key.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    detail: 'URL and headers together may have 16 KiB.',
  },
  'internal-error': {
    status: 500,
    title: 'The API failed',
    detail: 'This is a bug. The log of the API tells more under the request id, which is `instance`.',
  },
  'store-full': {
    status: 503,
    title: 'The store is full',
    detail: 'No new task is accepted until there is room. Tasks that exist go on.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The store cannot be reached',
    detail: 'Try again after the seconds in Retry-After. A submit that must not happen twice needs an Idempotency-Key.',
  },
  'too-many-streams': {
    status: 503,
    title: 'Too many streams of events are open',
    detail: 'Try again after the seconds in Retry-After, or raise CORRAL_MAX_EVENT_STREAMS of the API.',
  },
} as const satisfies Record<string, { status: number; title: string; detail: string }>;

export type ProblemType = keyof typeof problemTypes;

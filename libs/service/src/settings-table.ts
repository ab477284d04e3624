/** Every setting of every process. docs/reference/configuration.md is held equal to this by a test. */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Setting, SettingsTable } from './settings.ts';

type Kind<T> = Pick<Setting<T>, 'expects' | 'schema'>;

const integer = (min: number, max: number): Kind<number> => ({
  expects: `an integer from ${min} to ${max}`,
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(min).max(max)),
});

const flag: Kind<boolean> = {
  expects: '1, true, 0 or false',
  schema: z.enum(['1', 'true', '0', 'false']).transform((text) => text === '1' || text === 'true'),
};

const port = integer(0, 65_535);

const url = (protocols: readonly string[], expects: string): Kind<string> => ({
  expects,
  schema: z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol)),
});

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const redisProtocols = ['redis:', 'redis+cluster:', 'redis+sentinel:'].flatMap((name) => [
  name,
  name.replace('redis', 'rediss'),
]);

/** Only of the first node: the rest is checked by whoever connects. */
function isRedisUrl(text: string): boolean {
  const first = text.replace(/,[^/?@]*(?=[/?]|$)/, '');
  return URL.canParse(first) && redisProtocols.includes(new URL(first).protocol);
}

const redisUrl = {
  expects:
    'a URL such as redis://127.0.0.1:6379, rediss://user:password@host:6380/0, redis+cluster://host:7000,host:7001 or redis+sentinel://host:26379,host:26379/name',
  schema: z.string().refine(isRedisUrl),
  variable: 'REDIS_URL',
  default: 'redis://127.0.0.1:6379',
  description:
    'The Redis (7 or newer, or Valkey) that holds all state. `npm start` finds or starts one when this is not set.',
  secret: true,
} satisfies Setting<string>;

const apiPort = {
  ...port,
  variable: 'PORT',
  default: '3000',
  description: 'Port of the REST API; 0 takes any free one.',
} satisfies Setting<number>;

/** Read by every process. */
const common = {
  redisUrl,
  prefix: {
    expects: '1 to 40 letters, digits, _ or -',
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
    variable: 'CORRAL_PREFIX',
    default: 'corral',
    description: 'Prefix of every key in Redis. Clusters that share a Redis differ in it.',
  },
  queues: {
    ...integer(1, 64),
    variable: 'CORRAL_QUEUES',
    default: '1',
    description:
      'Partitions that task trees are spread over; more than 1 pays off in a Redis Cluster. All processes of a cluster must agree.',
  },
  host: {
    expects: 'a host name or an IP address',
    schema: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
    variable: 'HOST',
    default: '127.0.0.1',
    description: 'Address to listen on. 0.0.0.0 or :: lets other machines in; there is no authentication yet.',
  },
  logLevel: {
    expects: 'one of fatal, error, warn, info, debug, trace, silent',
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    variable: 'LOG_LEVEL',
    default: 'info',
    description: 'The least important level that is logged.',
  },
  logPretty: {
    ...flag,
    variable: 'LOG_PRETTY',
    default: '0',
    description: 'Log for people instead of one JSON object a line.',
  },
  otlpEndpoint: {
    ...(url(['http:', 'https:'], 'an http or https URL') as Kind<string | undefined>),
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    default: undefined,
    description: 'Where spans are sent: base URL of a receiver of OTLP over HTTP. Without it there is no tracing.',
    secret: true,
  },
  otlpTracesEndpoint: {
    ...(url(['http:', 'https:'], 'an http or https URL') as Kind<string | undefined>),
    variable: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    default: undefined,
    description: 'The same for traces alone, used as it is; to the other one `/v1/traces` is added.',
    secret: true,
  },
  traceShare: {
    expects: 'a number from 0 to 1',
    schema: z
      .string()
      .regex(/^[0-9.]{1,20}$/)
      .transform(Number)
      .pipe(z.number().min(0).max(1)),
    variable: 'OTEL_TRACES_SAMPLER_ARG',
    default: '1',
    description: 'Share of the traces that begin here, and are sent. For others, whoever began them has decided.',
  },
  shutdownMs: {
    ...integer(0, 600_000),
    variable: 'CORRAL_SHUTDOWN_MS',
    default: '28000',
    description:
      'Milliseconds that a process may take to drain after SIGTERM or SIGINT. What a worker has not handed over by then is taken over by others.',
  },
  maxPayload: {
    ...integer(1024, 64 * 1024 * 1024),
    variable: 'CORRAL_MAX_PAYLOAD',
    default: '1048576',
    description: 'Largest arguments, result or result of a step in bytes of JSON, each; larger ones are an error.',
  },
  metricsMaxCoroutines: {
    ...integer(1, 10_000),
    variable: 'METRICS_MAX_COROUTINES',
    default: '100',
    description: 'Coroutines that get a label value of their own in metrics; the others are counted as `_OTHER`.',
  },
} satisfies SettingsTable;

export const apiSettings = {
  ...common,
  port: apiPort,
  bodyLimitBytes: {
    ...integer(1024, 64 * 1024 * 1024),
    variable: 'CORRAL_BODY_LIMIT',
    default: '1048576',
    description: 'Largest request body in bytes; a larger one is answered 413.',
  },
  maxWaitMs: {
    ...integer(10_000, 600_000),
    variable: 'CORRAL_MAX_WAIT_MS',
    default: '60000',
    description: 'Largest `waitMs` that a request may ask for, in milliseconds.',
  },
  maxEventStreams: {
    ...integer(0, 100_000),
    variable: 'CORRAL_MAX_EVENT_STREAMS',
    default: '1000',
    description: 'Streams of events that one API process serves at once; one more is answered 503.',
  },
  resultTtlMs: {
    ...integer(1000, 10 * 365 * 24 * 3_600_000),
    variable: 'RESULT_TTL',
    default: '86400000',
    description:
      'Milliseconds that a settled task and all below it are kept, a day by default; `resultTtlMs` of a task says otherwise.',
  },
} satisfies SettingsTable;

export const workerSettings = {
  ...common,
  workerPort: {
    ...port,
    variable: 'WORKER_PORT',
    default: '0',
    description: "Port of a worker's /healthz, /readyz and /metrics; 0 takes any free one, and the log says which.",
  },
  slots: {
    ...integer(1, 10_000),
    variable: 'WORKER_SLOTS',
    default: '100',
    description: 'Coroutines that run at once on the loop of one worker. Suspended ones do not count.',
  },
  workerName: {
    expects: '1 to 63 letters, digits, ., _ or -',
    schema: z.string().regex(/^[A-Za-z0-9._-]{1,63}$/),
    variable: 'CORRAL_WORKER_NAME',
    default: undefined,
    description:
      'A name that no other live worker has, such as that of a service unit. One that starts under the name of a dead worker takes its tasks over within 2 s instead of 6. Without it the name is that of the host and the number of the process.',
  },
  maxBlockMs: {
    ...integer(5000, 3_600_000),
    variable: 'CORRAL_MAX_BLOCK_MS',
    default: '60000',
    description:
      'A coroutine may hold the event loop for so long, in milliseconds; then the worker ends itself, and others take over all of its tasks. After 5 s `/v1/workers` says `stuck`, and the log says where the loop stands.',
  },
  threads: {
    ...integer(1, 256),
    variable: 'CORRAL_THREADS',
    default: '2',
    description:
      'Threads of one worker for `loop.toThread`. They start when they are needed, and end when they are idle.',
  },
  debug: {
    ...flag,
    variable: 'CORRAL_DEBUG',
    default: '0',
    description:
      "asyncio's debug mode: slow steps, and coroutines, tasks and errors that were forgotten, are logged and counted.",
  },
  slowCallbackMs: {
    ...integer(1, 3_600_000),
    variable: 'CORRAL_SLOW_CALLBACK_MS',
    default: '100',
    description: 'With `CORRAL_DEBUG`: a step that holds the event loop for longer is slow, in milliseconds.',
  },
  maxSuspended: {
    ...integer(1, 10_000_000),
    variable: 'CORRAL_MAX_SUSPENDED',
    default: '10000',
    description:
      'Suspended coroutines that one worker keeps in memory. Of more than that the longest suspended are parked: they cost no memory, and any worker revives them.',
  },
  parkAfterMs: {
    ...integer(0, 86_400_000),
    variable: 'CORRAL_PARK_AFTER_MS',
    default: '300000',
    description:
      'A coroutine that has been suspended for so many milliseconds is parked, unless a timer of its own ends soon.',
  },
  maxLogs: {
    ...integer(1024, 1024 * 1024 * 1024),
    variable: 'CORRAL_MAX_LOGS',
    default: '8388608',
    description: 'Bytes of all log entries of one task; one entry may have 65536. More is an error at `loop.log`.',
  },
  maxOperations: {
    ...integer(100, 10_000_000),
    variable: 'CORRAL_MAX_OPERATIONS',
    default: '200000',
    description: 'Operations of the loop that one task may begin; it bounds its history. A gather is one operation.',
  },
  coroutineFolders: {
    expects: 'folders separated by ":"',
    schema: z
      .string()
      .transform((text) => text.split(':').filter((folder) => folder !== ''))
      .pipe(z.array(z.string()).min(1)),
    variable: 'CORRAL_COROUTINES',
    default: './coroutines',
    description:
      'Folders of coroutine files, separated by ":". Only the default may be missing; relative to the working directory.',
  },
  fetchAllow: {
    expects: 'networks such as 10.0.0.0/8 or ::1/128, separated by ","',
    schema: z
      .string()
      .transform((text) =>
        text
          .split(',')
          .map((network) => network.trim())
          .filter((network) => network !== ''),
      )
      .pipe(z.array(z.string().refine(isNetwork))),
    variable: 'CORRAL_FETCH_ALLOW',
    default: '',
    description: 'Networks that `httpFetch` and `siteAudit` may reach besides public ones, separated by ",".',
  },
  watch: {
    ...flag,
    variable: 'CORRAL_WATCH',
    default: '0',
    description: 'Load coroutine files again when they change; the same as `npm run worker -- --watch`.',
  },
} satisfies SettingsTable;

/** Read by `npm start`, which passes everything else on to the processes that it starts. */
export const startSettings = {
  redisUrl: { ...redisUrl, default: undefined } as Setting<string | undefined>,
  port: apiPort,
  workers: {
    ...integer(1, 64),
    variable: 'WORKERS',
    default: '2',
    description: 'How many workers `npm start` and `docker compose` start.',
  },
  startUrl: {
    ...(url(['http:', 'https:'], 'an http or https URL') as Kind<string | undefined>),
    variable: 'START_URL',
    default: undefined,
    description: 'Site that `npm start` audits; without it, an example site that it serves itself.',
  },
} satisfies SettingsTable;

export const settingsTables = { api: apiSettings, worker: workerSettings, 'npm start': startSettings } as const;

export const settingVariables: readonly string[] = [
  ...new Set(Object.values(settingsTables).flatMap((table) => Object.values(table).map(({ variable }) => variable))),
];

/** Texts of the OpenAPI document that several routes of tasks share, or that are long. */
export const idempotencyHeader = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes the request repeatable: the same key with the same body gives the same task, or tasks, for 24 hours. ' +
    '1 to 255 visible ASCII characters, in quotes or not.',
  schema: { type: 'string' as const },
};

export const traceparentHeader = {
  name: 'traceparent',
  required: false,
  description:
    'W3C Trace Context: all tasks of the tree belong to this trace; `tracestate` goes along. Malformed, it counts as absent.',
  schema: { type: 'string' as const },
};

export const batchHeaders = {
  'Idempotency-Replayed': {
    description: '`true`: the key came before, and this is what was submitted at that time.',
    schema: { type: 'string' as const, enum: ['true'] },
  },
};

export const submittedHeaders = {
  Location: { description: 'Path of the task.', schema: { type: 'string' as const } },
  ...batchHeaders,
};

export const bodyProblems = [
  'malformed-json',
  'cross-origin-refused',
  'body-too-large',
  'payload-too-large',
  'unsupported-media-type',
] as const;

export const taskId = { name: 'id', description: 'Id of the task.', schema: { type: 'string' as const } };

export const lastEventIdHeader = {
  name: 'Last-Event-ID',
  required: false,
  description: '`id` of the event after which to go on; browsers send it by themselves when they connect again.',
  schema: { type: 'string' as const },
};

export const eventStream = {
  description:
    '`state` (data: the task), `log` (an entry), `progress` (a value) and, as the last one, `end` (the settled task).',
  content: { 'text/event-stream': { schema: { type: 'string' as const } } },
};

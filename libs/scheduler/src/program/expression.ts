/**
 * The language of programs: an asyncio program as JSON, an object with one head key for each expression. The table
 * `grammar` is the only place where it is written down. The types, the validation and the JSON Schema are derived from
 * it, and docs/reference/program.md is held to it.
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export const returnWhenWords = ['FIRST_COMPLETED', 'FIRST_EXCEPTION', 'ALL_COMPLETED'] as const;
export type ReturnWhen = (typeof returnWhenWords)[number];

export interface RaisedError {
  /** A name, but not `ExceptionGroup`. */
  readonly type: string;
  readonly message?: string;
}

export interface Handler {
  /** An error type, `Exception` (every error but CancelledError) or `*` (every error). */
  readonly type: string;
  /** Bound to the error object in `do`. */
  readonly as?: string;
  readonly do: Expression;
}

/** What the value of a key is, by the kind that the grammar gives it. */
interface Kinds {
  /** Any JSON value; never evaluated. */
  literal: Json;
  object: JsonObject;
  string: string;
  boolean: boolean;
  true: true;
  /** `[A-Za-z_][A-Za-z0-9_]*` */
  name: string;
  names: readonly string[];
  /** Milliseconds, not negative. */
  duration: number;
  /** Milliseconds, not negative; null: for ever. */
  limit: number | null;
  returnWhen: ReturnWhen;
  error: RaisedError;
  handlers: readonly Handler[];
  /** Evaluated in the current task. */
  expression: Expression;
  expressions: readonly Expression[];
  /** Each a new task. */
  task: Expression;
  tasks: readonly Expression[];
  /** Each a new task, but `{ "await": T }` is the task T itself. */
  member: Expression;
  members: readonly Expression[];
}
export type Kind = keyof Kinds;
type Keys = Readonly<Record<string, Kind>>;

export interface Row {
  /** In the words of asyncio; shown in the JSON Schema. */
  readonly meaning: string;
  /** The head is one of them. */
  readonly required: Keys;
  readonly optional: Keys;
}

/** By head. `timeout` is a head only where no other head is, since it is a key of other rows as well. */
export const grammar = {
  return: { meaning: 'The value itself.', required: { return: 'literal' }, optional: {} },
  raise: {
    meaning: 'Raises an error of this type and message ("" by default).',
    required: { raise: 'error' },
    optional: {},
  },
  sleep: {
    meaning: 'asyncio.sleep, in milliseconds; its value is `result`, null by default.',
    required: { sleep: 'duration' },
    optional: { result: 'literal' },
  },
  call: {
    meaning: 'Runs a registered coroutine as a child task and awaits it. `program` is built in.',
    required: { call: 'name' },
    optional: { args: 'object', options: 'object' },
  },
  do: {
    meaning: 'One after the other; the value of the last, null when there is none.',
    required: { do: 'expressions' },
    optional: {},
  },
  list: {
    meaning: 'One after the other; the list of the values.',
    required: { list: 'expressions' },
    optional: {},
  },
  let: {
    meaning: 'Binds a name to the value of `be` within `in`.',
    required: { let: 'name', be: 'expression', in: 'expression' },
    optional: {},
  },
  var: { meaning: 'The value that the name is bound to.', required: { var: 'name' }, optional: {} },
  log: { meaning: 'Appends to the log of the current task; null.', required: { log: 'literal' }, optional: {} },
  try: {
    meaning: 'try, except, finally: the first handler that fits takes the error. At least one of the two is needed.',
    required: { try: 'expression' },
    optional: { except: 'handlers', finally: 'expression' },
  },
  reraise: {
    meaning: 'Raises the error of the innermost handler again; only inside a handler, in the same task.',
    required: { reraise: 'true' },
    optional: {},
  },
  createTask: {
    meaning: 'asyncio.create_task: binds a task variable; null.',
    required: { createTask: 'task', as: 'name' },
    optional: {},
  },
  await: { meaning: 'Awaits the task.', required: { await: 'name' }, optional: {} },
  cancel: {
    meaning: 'Task.cancel: true, or false when the task is done.',
    required: { cancel: 'name' },
    optional: { message: 'string' },
  },
  done: { meaning: 'Task.done.', required: { done: 'name' }, optional: {} },
  cancelled: { meaning: 'Task.cancelled.', required: { cancelled: 'name' }, optional: {} },
  gather: {
    meaning: 'asyncio.gather.',
    required: { gather: 'members' },
    optional: { returnExceptions: 'boolean' },
  },
  wait: {
    meaning: 'asyncio.wait: `{ "done": [names], "pending": [names] }`.',
    required: { wait: 'names' },
    optional: { returnWhen: 'returnWhen', timeout: 'limit' },
  },
  waitFor: {
    meaning: 'asyncio.wait_for, in milliseconds; null, the default, waits for ever.',
    required: { waitFor: 'member' },
    optional: { timeout: 'limit' },
  },
  timeout: {
    meaning: 'asyncio.timeout, in milliseconds, around the body, which runs in the current task.',
    required: { timeout: 'limit', body: 'expression' },
    optional: {},
  },
  shield: { meaning: 'asyncio.shield.', required: { shield: 'member' }, optional: {} },
  asCompleted: {
    meaning: 'asyncio.as_completed: outcomes in the order of their ends, `{ "ok": value }` or `{ "error": error }`.',
    required: { asCompleted: 'members' },
    optional: { timeout: 'limit' },
  },
  taskGroup: {
    meaning: 'asyncio.TaskGroup: the list of the results; the value of the body is dropped.',
    required: { taskGroup: 'tasks' },
    optional: { body: 'expression' },
  },
} as const satisfies Readonly<Record<string, Row>>;

type Grammar = typeof grammar;
export type Head = keyof Grammar;

type Values<K extends Keys> = { readonly [Key in keyof K]: Kinds[K[Key]] };

/** An expression of one head, as in `ExpressionOf<'sleep'>`. */
export type ExpressionOf<H extends Head> = Values<Grammar[H]['required']> & Partial<Values<Grammar[H]['optional']>>;
export type Expression = { [H in Head]: ExpressionOf<H> }[Head];

export const isHead = (key: string): key is Head => Object.hasOwn(grammar, key);

/** The head of an expression of a valid program. */
export function headOf(expression: Expression): Head {
  return Object.keys(expression).find((key): key is Head => isHead(key) && key !== 'timeout') ?? 'timeout';
}

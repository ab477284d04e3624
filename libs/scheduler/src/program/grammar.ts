/**
 * The language of programs as a table, the only place where it is written down: an expression is an object with exactly
 * one head key and other keys of the row of that head. The types (expression.ts), the validation (validate.ts) and the
 * JSON Schema (schema.ts) are derived from it, and docs/reference/program.md is held to it.
 */
import type { ValueKind } from './value-kinds.ts';

/**
 * Kinds whose value is an expression, and whether `reraise` may stand in it: it may within a handler, but not in another
 * task, which `task`, `member` and `program` are. `{ "await": T }` as a member is no new task but the task T itself.
 */
export const reraiseWithin = {
  expression: 'as around it',
  handling: true,
  task: false,
  member: false,
  program: false,
} as const;

/** Kinds whose value is a list, and the kind of its members. */
export const listOf = {
  expressions: 'expression',
  tasks: 'task',
  members: 'member',
  names: 'name',
  handlers: 'handler',
  errorTypes: 'errorType',
  retriedTypes: 'retriedType',
} as const;

/** Kinds whose value is an object with keys of its own. */
export const parts = {
  error: { required: { type: 'raisedType' }, optional: { message: 'string' } },
  handler: { required: { type: 'caughtType', do: 'handling' }, optional: { as: 'name' } },
  taskOptions: { required: {}, optional: { name: 'label', priority: 'priority', retry: 'retryPolicy' } },
  retryPolicy: {
    required: { attempts: 'attempts' },
    optional: {
      initialMs: 'duration',
      factor: 'factor',
      maxMs: 'duration',
      jitter: 'share',
      on: 'retriedTypes',
      except: 'errorTypes',
    },
  },
  programArgs: { required: { program: 'program' }, optional: {} },
} as const;

export type ExpressionKind = keyof typeof reraiseWithin;
export type ListKind = keyof typeof listOf;
export type PartKind = keyof typeof parts;
export type Kind = ValueKind | ExpressionKind | ListKind | PartKind;

/** By key: the kind of its value. */
export type Keys = Readonly<Record<string, Kind>>;

/** An object of the language: the keys that it must have, and those that it may have. */
export interface Part {
  readonly required: Keys;
  readonly optional: Keys;
}

export interface Row extends Part {
  /** In the words of asyncio; shown in the JSON Schema. */
  readonly meaning: string;
}

/** By head. `timeout` is a head only where no other head is, since it is a key of other rows as well. */
export const grammar = {
  return: { meaning: 'The value itself.', required: { return: 'literal' }, optional: {} },
  raise: {
    meaning: 'Raises an error of this type and message, "" by default.',
    required: { raise: 'error' },
    optional: {},
  },
  sleep: {
    meaning: 'asyncio.sleep, in milliseconds; its value is `result`, null by default.',
    required: { sleep: 'duration' },
    optional: { result: 'literal' },
  },
  call: {
    meaning: 'Runs a registered coroutine as a child task and awaits it; `program` is built in.',
    required: { call: 'coroutine' },
    optional: { args: 'object', options: 'taskOptions' },
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
    meaning: 'The first handler that fits takes the error; `finally` comes last, whatever happens.',
    required: { try: 'expression' },
    optional: { except: 'handlers', finally: 'expression' },
  },
  reraise: {
    meaning: 'Raises the error of the innermost handler again; only within a handler, in the same task.',
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
    meaning: 'asyncio.gather: the list of the results, in the order given.',
    required: { gather: 'members' },
    optional: { returnExceptions: 'boolean' },
  },
  wait: {
    meaning: 'asyncio.wait: `{ "done": names, "pending": names }`, in the order given, each once.',
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
    meaning: 'asyncio.as_completed: `{ "ok": value }` or `{ "error": error }` of each, in the order of their ends.',
    required: { asCompleted: 'members' },
    optional: { timeout: 'limit' },
  },
  taskGroup: {
    meaning: 'asyncio.TaskGroup: the list of the results; the value of the body is dropped.',
    required: { taskGroup: 'tasks' },
    optional: { body: 'expression' },
  },
} as const satisfies Readonly<Record<string, Row>>;
export type Head = keyof typeof grammar;

/** The built-in coroutine whose argument is a program. */
export const programName = 'program';

/** The row of a `call` of `program`, whose arguments are no plain data. */
export const programCall = {
  meaning: 'Runs another program, without any of the variables here, as a child task and awaits it.',
  required: { call: 'coroutine', args: 'programArgs' },
  optional: { options: 'taskOptions' },
} as const satisfies Row;

export const isKeyOf = <T extends object>(table: T, key: PropertyKey): key is keyof T => Object.hasOwn(table, key);

export const isHead = (key: string): key is Head => isKeyOf(grammar, key);

/** Whether `reraise` may stand in an expression of this kind. */
export function mayReraise(kind: ExpressionKind, around: boolean): boolean {
  const within = reraiseWithin[kind];
  return within === 'as around it' ? around : within;
}

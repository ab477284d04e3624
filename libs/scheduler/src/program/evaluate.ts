/**
 * The interpreter of programs: an ordinary coroutine on the public API, one case for each head of the language. Each
 * spawned expression is a task of the coroutine `program.task`, so it may run on any worker.
 */
import { CancelledError, ExceptionGroup, InvalidArgumentsError, TimeoutError } from '../contract/exceptions.ts';
import { Coroutine, coroutine } from '../loop/coroutines.ts';
import type { Loop } from '../loop/loop.ts';
import type { Task } from '../loop/tasks.ts';
import { Environment, type Inherited } from './environment.ts';
import { type Expression, headOf, type Json } from './expression.ts';
import { validateProgram } from './validate.ts';

/** Runs a program, once the whole of it is found to be valid. It starts without any variables. */
export const program = coroutine('program', async (loop: Loop, args: { program: Expression }): Promise<Json> => {
  const { issues } = validateProgram(args.program);
  if (issues.length > 0)
    throw new InvalidArgumentsError(
      `program: ${issues.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')}`,
      issues,
    );
  const environment = await Environment.of(loop, { values: [], tasks: [] });
  return await evaluate(args.program, environment);
});

interface Spawned extends Inherited {
  expression: Expression;
}

const programTask = coroutine(
  'program.task',
  async (loop: Loop, { expression, ...inherited }: Spawned): Promise<Json> => {
    return await evaluate(expression, await Environment.of(loop, inherited));
  },
  { placement: 'near' },
);

export const programCoroutines = [program, programTask] as const;

/** An error as programs see it. */
function errorObject(error: unknown): { [key: string]: Json } {
  if (!(error instanceof Error)) return { type: 'Error', message: String(error) };
  const { name: type, message } = error;
  return error instanceof ExceptionGroup ? { type, message, errors: error.errors.map(errorObject) } : { type, message };
}

const raised = (type: string, message: string): Error => {
  if (type === 'CancelledError') return new CancelledError(message);
  if (type === 'TimeoutError') return new TimeoutError(message);
  return Object.assign(new Error(message), { name: type });
};

const catches = (type: string, error: unknown): boolean =>
  type === '*' ||
  (type === 'Exception' ? !(error instanceof CancelledError) : error instanceof Error && error.name === type);

const spawned = (expression: Expression, environment: Environment): Coroutine<Json> =>
  programTask({ expression, ...environment.inherited(expression) });

/** Members of gather and its kin: new tasks, but `{ "await": T }` stands for T. All names are looked up first. */
function members(expressions: readonly Expression[], environment: Environment): (Coroutine<Json> | Task<Json>)[] {
  const known = expressions.map((each) =>
    headOf(each) === 'await' && 'await' in each ? environment.task(each.await) : undefined,
  );
  return expressions.map((each, index) => known[index] ?? spawned(each, environment));
}

const member = (expression: Expression, environment: Environment): Coroutine<Json> | Task<Json> =>
  members([expression], environment)[0] as Coroutine<Json> | Task<Json>;

async function evaluate(e: Expression, env: Environment): Promise<Json> {
  const { loop } = env;
  if ('return' in e) return e.return;
  if ('raise' in e) throw raised(e.raise.type, e.raise.message ?? '');
  if ('sleep' in e) return await loop.sleep(e.sleep, e.result ?? null);
  if ('call' in e) return await loop.createTask(new Coroutine<Json>(e.call, e.args ?? {}), e.options ?? {});
  if ('do' in e) return (await inOrder(e.do, env)).at(-1) ?? null;
  if ('list' in e) return await inOrder(e.list, env);
  if ('let' in e) return await evaluate(e.in, env.bind(e.let, await evaluate(e.be, env)));
  if ('var' in e) return env.value(e.var);
  if ('log' in e) return nothing(loop.log(e.log));
  if ('try' in e) return await tryExcept(e, env);
  if ('reraise' in e) throw env.caught;
  if ('createTask' in e) return nothing(env.setTask(e.as, loop.createTask(spawned(e.createTask, env))));
  if ('cancel' in e) return env.task(e.cancel).cancel(e.message);
  if ('done' in e) return env.task(e.done).done();
  if ('cancelled' in e) return env.task(e.cancelled).cancelled();
  if ('gather' in e) return await gather(e, env);
  if ('wait' in e) return await wait(e, env);
  if ('waitFor' in e) return await loop.waitFor(member(e.waitFor, env), e.timeout ?? null);
  if ('shield' in e) return await loop.shield(member(e.shield, env));
  if ('asCompleted' in e) return await asCompleted(e, env);
  if ('taskGroup' in e) return await taskGroup(e, env);
  if ('await' in e) return await env.task(e.await);
  return await loop.timeout(e.timeout, () => evaluate(e.body, env));
}

const nothing = (_: unknown): null => null;

async function inOrder(expressions: readonly Expression[], env: Environment): Promise<Json[]> {
  const values: Json[] = [];
  for (const each of expressions) values.push(await evaluate(each, env));
  return values;
}

async function tryExcept(e: Extract<Expression, { try: unknown }>, env: Environment): Promise<Json> {
  try {
    return await evaluate(e.try, env);
  } catch (error) {
    const handler = e.except?.find(({ type }) => catches(type, error));
    if (handler === undefined) throw error;
    const handling = env.handling(error);
    const bound = handler.as === undefined ? handling : handling.bind(handler.as, errorObject(error));
    return await evaluate(handler.do, bound);
  } finally {
    if (e.finally !== undefined) await evaluate(e.finally, env);
  }
}

async function gather(e: Extract<Expression, { gather: unknown }>, env: Environment): Promise<Json> {
  const values: unknown[] = await env.loop.gather(members(e.gather, env), {
    returnExceptions: e.returnExceptions ?? false,
  });
  return values.map((value) => (value instanceof Error ? { error: errorObject(value) } : (value as Json)));
}

async function wait(e: Extract<Expression, { wait: unknown }>, env: Environment): Promise<Json> {
  const tasks = new Map(e.wait.map((name) => [name, env.task(name)]));
  const { done } = await env.loop.wait(tasks.values(), {
    timeout: e.timeout ?? null,
    returnWhen: e.returnWhen ?? 'ALL_COMPLETED',
  });
  const isDone = new Set(done);
  const names = (want: boolean): string[] =>
    [...tasks].flatMap(([name, task]) => (isDone.has(task) === want ? [name] : []));
  return { done: names(true), pending: names(false) };
}

async function asCompleted(e: Extract<Expression, { asCompleted: unknown }>, env: Environment): Promise<Json> {
  const task = env.loop.currentTask();
  const before = task.cancelling();
  const ended: Json[] = [];
  for (const next of env.loop.asCompleted(members(e.asCompleted, env), { timeout: e.timeout ?? null })) {
    try {
      ended.push({ ok: await next });
    } catch (error) {
      if (task.cancelling() > before) throw error; // it is this task that is cancelled
      ended.push({ error: errorObject(error) });
    }
  }
  return ended;
}

async function taskGroup(e: Extract<Expression, { taskGroup: unknown }>, env: Environment): Promise<Json> {
  const tasks: Task<Json>[] = [];
  await env.loop.taskGroup(async (group) => {
    for (const each of e.taskGroup) tasks.push(group.createTask(spawned(each, env)));
    if (e.body !== undefined) await evaluate(e.body, env);
  });
  // One that was cancelled on its own does not fail its group.
  return await Promise.all(tasks.map((task) => task.then(null, (error: unknown) => ({ error: errorObject(error) }))));
}

/**
 * Random programs, for fast-check: tasks that know their elders, wait for them in every way there is, cancel them, clean
 * up, swallow cancels or fail, nested a few levels deep.
 *
 * P1. A program is valid, ends, and does not depend on anything but time: a task knows elder tasks only.
 * P2. Whether its outcome depends on *small* differences in time is not known here; the recording finds out.
 */
import fc from 'fast-check';
import type { Expression, ExpressionOf } from '../../libs/scheduler/src/program/expression.ts';
import { returnWhenWords } from '../../libs/scheduler/src/program/value-kinds.ts';
import type { Case } from './case.ts';
import { Draws } from './draws.ts';
import { walk } from './expressions.ts';

const maxExpressions = 60;
const minTasks = 3;
const errorTypes = ['Boom', 'Crash', 'Boom', 'Crash', 'constructor', 'CancelledError', 'TimeoutError'];
const handlerTypes = ['CancelledError', 'CancelledError', '*', 'Exception', 'TimeoutError', 'Boom', 'ExceptionGroup'];

/** What an expression may refer to. The list of tasks belongs to the running task and grows; the values are lexical. */
interface Scope {
  tasks: string[];
  values: readonly string[];
  inHandler: boolean;
}

const inNewTask = ({ tasks, values }: Scope): Scope => ({ tasks: [...tasks], values, inHandler: false });

/** The error becomes the value, so that the program goes on. */
const caught = (expression: Expression): Expression => ({
  try: expression,
  except: [{ type: '*', as: 'e', do: { var: 'e' } }],
});

class Composer {
  readonly #draws: Draws;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  /** Tasks are created, then things are done to them, then they are looked at. */
  scene(depth: number, scope: Scope, caughtPercent = 30): Expression {
    const steps: Expression[] = [];
    for (let left = this.#draws.integer(1, 3); left > 0; left--) steps.push(...this.#create(depth, scope));
    for (let left = this.#draws.integer(1, 3); left > 0; left--) {
      const step = this.#step(depth - 1, scope);
      steps.push(this.#draws.chance(caughtPercent) ? caught(step) : step);
    }
    steps.push({ list: this.#draws.some(scope.tasks, 1, 3).map((task) => this.#look(task)) });
    return this.#draws.chance(70) ? { list: steps } : { do: steps };
  }

  /** What a task does from its start to its end. */
  #body(depth: number, scope: Scope): Expression {
    const deep = depth > 0 ? 1 : 0;
    const elders = scope.tasks.length > 0 ? 1 : 0;
    const body = this.#draws.weighted(
      [4, () => this.#plain(depth, scope)],
      [3 * elders, () => this.#waiting(scope)],
      [3 * deep, () => this.#combined(depth, scope)],
      [2 * deep, () => this.scene(depth - 1, scope)],
    );
    return this.#draws.chance(45) ? this.#guarded(body, scope) : body;
  }

  #plain(depth: number, scope: Scope): Expression {
    const end = this.#draws.weighted<Expression>(
      [4, () => ({ return: this.#draws.literal() })],
      [2, () => this.#raise()],
      [depth > 0 ? 2 : 0, () => this.#step(depth - 1, scope)],
    );
    return { do: [this.#log(), this.#sleep(), end] };
  }

  #step(depth: number, scope: Scope): Expression {
    const deep = depth > 0 ? 1 : 0;
    const known = scope.tasks.length > 0 ? 1 : 0;
    return this.#draws.weighted<Expression>(
      [2, () => this.#sleep()],
      [1, () => this.#log()],
      [1, () => this.#raise()],
      [5 * known, () => this.#cancel(scope)],
      [5 * known, () => this.#waiting(scope)],
      [7 * deep, () => this.#combined(depth, scope)],
      [2 * deep, () => this.#guarded(this.#step(depth - 1, scope), scope)],
      [2 * deep, () => this.#let(depth, scope)],
      [scope.inHandler ? 2 : 0, () => ({ reraise: true })],
      [scope.values.length > 0 ? 1 : 0, () => ({ var: this.#draws.oneOf(scope.values) })],
    );
  }

  #create(depth: number, scope: Scope): Expression[] {
    const as = this.#draws.name();
    const createTask = this.#body(depth - 1, inNewTask(scope));
    scope.tasks.push(as);
    const cancelledAtOnce = this.#draws.chance(6) ? [this.#cancelOf(as)] : [];
    return [{ createTask, as }, ...cancelledAtOnce];
  }

  /** Rarely the name of no task. */
  #task(scope: Scope): string {
    return this.#draws.chance(3) ? 'nobody' : this.#draws.oneOf(scope.tasks);
  }

  #look(task: string): Expression {
    return this.#draws.weighted<Expression>(
      [3, () => caught({ await: task })],
      [2, () => ({ cancelled: task })],
      [1, () => ({ done: task })],
    );
  }

  /** With time before it for the task to get somewhere, and after it for the cancel to arrive. */
  #cancel(scope: Scope): Expression {
    const task = this.#task(scope);
    const steps = [this.#sleep(), this.#cancelOf(task)];
    if (this.#draws.chance(30)) steps.push(this.#look(task));
    if (this.#draws.chance(25)) steps.push(this.#sleep(), this.#cancelOf(task));
    if (this.#draws.chance(60)) steps.push(this.#sleep(), this.#look(task));
    return { list: steps };
  }

  #cancelOf(cancel: string): Expression {
    return this.#draws.chance(35) ? { cancel, message: `c${this.#draws.mark()}` } : { cancel };
  }

  /** For tasks that are there already. */
  #waiting(scope: Scope): Expression {
    const one = (): Expression => ({ await: this.#task(scope) });
    return this.#draws.weighted<Expression>(
      [3, one],
      [3, () => this.#wait(scope)],
      [2, () => ({ gather: [one(), one()], ...this.#flag('returnExceptions', 50) })],
      [2, () => ({ timeout: this.#later(), body: one() })],
      [1, () => ({ waitFor: one(), timeout: this.#limit() })],
      [1, () => ({ shield: one() })],
      [1, () => ({ asCompleted: [one(), one()], ...this.#maybeTimeout() })],
      [1, () => ({ taskGroup: [one(), one()] })],
    );
  }

  #wait(scope: Scope): Expression {
    const expression: ExpressionOf<'wait'> = { wait: this.#draws.some(scope.tasks, 1, 3), ...this.#maybeTimeout() };
    if (this.#draws.chance(20)) return expression;
    return { ...expression, returnWhen: this.#draws.oneOf(returnWhenWords) };
  }

  /** For new tasks, or for some of both. */
  #combined(depth: number, scope: Scope): Expression {
    const member = (): Expression =>
      scope.tasks.length > 0 && this.#draws.chance(20)
        ? { await: this.#draws.oneOf(scope.tasks) }
        : this.#body(depth - 1, inNewTask(scope));
    const members = (min: number): Expression[] => Array.from({ length: this.#draws.integer(min, 3) }, member);
    const here = (): Expression => this.#step(depth - 1, { ...scope });
    return this.#draws.weighted<Expression>(
      [4, () => ({ gather: members(1), ...this.#flag('returnExceptions', 40) })],
      [4, () => ({ taskGroup: members(1), ...(this.#draws.chance(50) ? { body: here() } : {}) })],
      [3, () => this.#expiring({ timeout: this.#later(), body: here() })],
      [3, () => this.#expiring({ waitFor: member(), timeout: this.#limit() })],
      [2, () => ({ asCompleted: members(2), ...this.#maybeTimeout() })],
      [1, () => ({ shield: member() })],
      [2, () => ({ timeout: this.#limit(), body: { shield: member() } })],
      [1, () => ({ call: 'program', args: { program: this.#body(depth - 1, freshScope()) } }) as unknown as Expression],
    );
  }

  #expiring(expression: Expression): Expression {
    if (this.#draws.chance(50)) return expression;
    return {
      try: expression,
      except: [{ type: 'TimeoutError', do: { do: [this.#log(), { return: this.#draws.literal() }] } }],
    };
  }

  /** A cleanup; a cancel or an error that is swallowed, replaced or raised again. */
  #guarded(guarded: Expression, scope: Scope): Expression {
    const handled = this.#draws.chance(65);
    const cleanup: Expression = this.#draws.chance(60) ? this.#log() : { do: [this.#sleep(), this.#log()] };
    if (!handled) return { try: guarded, finally: cleanup };
    const answer = this.#draws.weighted<Expression>(
      [3, () => ({ do: [this.#log(), { reraise: true }] })],
      [3, () => ({ do: [this.#log(), { return: this.#draws.literal() }] })],
      [2, () => ({ do: [this.#sleep(), this.#draws.chance(50) ? { reraise: true } : this.#log()] })],
      [1, () => ({ do: [this.#log(), this.#raise()] })],
      [1, () => this.#step(0, { ...scope, inHandler: true })],
    );
    const handlers = [{ type: this.#draws.oneOf(handlerTypes), do: answer }];
    if (this.#draws.chance(20)) handlers.push({ type: '*', do: { list: [this.#log(), { reraise: true }] } });
    return { try: guarded, except: handlers, ...(this.#draws.chance(30) ? { finally: cleanup } : {}) };
  }

  #let(depth: number, scope: Scope): Expression {
    const name = this.#draws.name();
    const inner = { ...scope, values: [...scope.values, name] };
    return {
      let: name,
      be: this.#step(depth - 1, scope),
      in: { list: [this.#step(depth - 1, inner), { var: name }] },
    };
  }

  #log(): Expression {
    return { log: this.#draws.literal() };
  }

  #sleep(): Expression {
    const sleep = this.#draws.units();
    return this.#draws.chance(50) ? { sleep, result: this.#draws.literal() } : { sleep };
  }

  #raise(): Expression {
    const type = this.#draws.oneOf(errorTypes);
    return { raise: this.#draws.chance(80) ? { type, message: `e${this.#draws.mark()}` } : { type } };
  }

  #limit(): number | null {
    return this.#draws.chance(6) ? 0 : this.#later();
  }

  /** Not at once: a task that was created just now would start at the same moment, and be cancelled before or after. */
  #later(): number | null {
    return this.#draws.chance(6) ? null : this.#draws.units();
  }

  #maybeTimeout(): { timeout?: number | null } {
    return this.#draws.chance(40) ? { timeout: this.#limit() } : {};
  }

  #flag(key: 'returnExceptions', percent: number): { returnExceptions?: true } {
    return this.#draws.chance(percent) ? { [key]: true } : {};
  }
}

const freshScope = (): Scope => ({ tasks: [], values: [], inHandler: false });

/** Large enough to be about tasks, small enough to be understood when it fails. */
export function isWorthwhile(program: Expression): boolean {
  const parts = [...walk(program)];
  return parts.length <= maxExpressions && parts.filter(({ spawned }) => spawned).length > minTasks;
}

/** Not filtered: `fc.gen` would give the refused program again, without end. */
export const programs: fc.Arbitrary<Expression> = fc
  .gen()
  .map((draw) => new Composer(new Draws(draw)).scene(3, freshScope(), 70));

const cancels = fc.record(
  { after: fc.integer({ min: 1, max: 9 }), message: fc.constant('stop') },
  { requiredKeys: ['after'] },
);

/** A program, and now and then a cancel of its root from outside. */
export const runs: fc.Arbitrary<Pick<Case, 'program' | 'cancel'>> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ program: programs }) },
  { weight: 1, arbitrary: fc.record({ program: programs, cancel: cancels }) },
);

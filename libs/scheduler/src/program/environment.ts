/**
 * What an expression sees: bound values (lexical), the error of the handler around it, and the task variables of the
 * running task (its own, like the locals of a Python function). A spawned task gets a copy of what its creator knows,
 * as data: only the names that its expression mentions.
 */
import type { TaskId } from '../contract/task.ts';
import type { Loop } from '../loop/loop.ts';
import type { Task } from '../loop/tasks.ts';
import type { Expression, Json } from './expression.ts';

export function nameError(name: string): Error {
  return Object.assign(new Error(`name '${name}' is not defined`), { name: 'NameError' });
}

/** The copy for a spawned task. Pairs, because names such as `__proto__` are names like any other. */
export interface Inherited {
  values: [name: string, value: Json][];
  /** `done`: as the creator knew it. */
  tasks: [name: string, id: TaskId, done: boolean][];
}

export class Environment {
  readonly loop: Loop;
  /** The error that the innermost handler caught. */
  readonly caught: unknown;
  readonly #values: ReadonlyMap<string, Json>;
  readonly #tasks: Map<string, Task<Json>>;

  private constructor(loop: Loop, values: ReadonlyMap<string, Json>, tasks: Map<string, Task<Json>>, caught: unknown) {
    this.loop = loop;
    this.#values = values;
    this.#tasks = tasks;
    this.caught = caught;
  }

  /** What was done when its creator spawned this task is known to be done before it begins. */
  static async of(loop: Loop, { values, tasks }: Inherited): Promise<Environment> {
    const handles = new Map(tasks.map(([name, id]) => [name, loop.task<Json>(id)]));
    const done = tasks.flatMap(([name, , isDone]) => (isDone ? [handles.get(name) as Task<Json>] : []));
    if (done.length > 0) await loop.wait(done);
    return new Environment(loop, new Map(values), handles, undefined);
  }

  bind(name: string, value: Json): Environment {
    return new Environment(this.loop, new Map(this.#values).set(name, value), this.#tasks, this.caught);
  }

  handling(error: unknown): Environment {
    return new Environment(this.loop, this.#values, this.#tasks, error);
  }

  value(name: string): Json {
    const value = this.#values.get(name);
    if (value === undefined) throw nameError(name);
    return value;
  }

  setTask(name: string, task: Task<Json>): void {
    this.#tasks.set(name, task);
  }

  task(name: string): Task<Json> {
    const task = this.#tasks.get(name);
    if (task === undefined) throw nameError(name);
    return task;
  }

  inherited(expression: Expression): Inherited {
    const names = mentioned(expression);
    const values = [...this.#values].filter(([name]) => names.has(name));
    const tasks = [...this.#tasks].filter(([name]) => names.has(name));
    return { values, tasks: tasks.map(([name, task]) => [name, task.id, task.done()]) };
  }
}

/** All names that occur in an expression, bound in it or not: never too few. Literals are not looked into. */
function mentioned(expression: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(expression)) for (const each of expression) mentioned(each, names);
  else if (typeof expression === 'string') names.add(expression);
  else if (typeof expression === 'object' && expression !== null)
    for (const [key, value] of Object.entries(expression)) if (!literal.has(key)) mentioned(value, names);
  return names;
}

const literal = new Set(['return', 'log', 'result', 'raise', 'message', 'call', 'args', 'options']);

/**
 * Random trees of tasks whose results are known beforehand: a node's seed says what it does, and `expected` says what
 * comes of it whatever order things happen in.
 */
import {
  CancelledError,
  type Coroutine,
  coroutine,
  ExpiredError,
  FIRST_COMPLETED,
  type Loop,
  type Task,
  TimeoutError,
} from '@corral/scheduler';
import { Random } from './random.ts';

export type Value = number | string | Value[];

interface Node {
  seed: number;
  depth: number;
}

type Kind =
  | 'value'
  | 'nap'
  | 'step'
  | 'fail'
  | 'gather'
  | 'wide'
  | 'limited'
  | 'strict'
  | 'cancels'
  | 'first'
  | 'late'
  | 'timed'
  | 'overdue'
  | 'stale'
  | 'retried'
  | 'branches';
const leaves: readonly Kind[] = ['value', 'nap', 'step', 'fail'];
const policies: readonly Kind[] = ['timed', 'overdue', 'stale', 'retried'];
const inner: readonly Kind[] = [
  ...(['gather', 'wide', 'limited', 'strict', 'cancels', 'first', 'late', 'branches'] as const),
  ...policies,
];

function plan({ seed, depth }: Node): { kind: Kind; random: Random; children: Node[] } {
  const random = new Random(seed);
  const kind = random.pick(depth === 0 ? leaves : inner);
  const child = (below: number): Node => ({ seed: random.below(1 << 30), depth: below });
  const children =
    kind === 'wide'
      ? Array.from({ length: 6 + random.below(10) }, () => (random.below(12) > 0 ? valueLike(child) : child(0)))
      : Array.from({ length: 1 + random.below(3) }, () => child(depth - 1));
  return { kind, random, children };
}

/** A leaf that ends at once: many of them are claimed, and end, together. */
function valueLike(child: (depth: number) => Node): Node {
  for (;;) {
    const leaf = child(0);
    if (plan(leaf).kind === 'value') return leaf;
  }
}

const message = (seed: number): string => `leaf ${seed % 1000}`;
const told = (result: unknown): Value => (result instanceof Error ? `!${result.message}` : (result as Value));

/** What a node results in; throws what it fails with. */
export function expected(node: Node): Value {
  const { kind, children } = plan(node);
  const all = (): Value[] =>
    children.map((child) => {
      try {
        return expected(child);
      } catch (error) {
        return told(error);
      }
    });
  switch (kind) {
    case 'fail':
      throw new RangeError(message(node.seed));
    case 'value':
    case 'nap':
    case 'step':
      return node.seed % 1000;
    case 'cancels':
      return 'cancelled';
    case 'late':
    case 'timed':
    case 'overdue':
      return 'timeout';
    case 'stale':
      return 'expired';
    case 'retried':
      return 'third';
    case 'strict':
      try {
        return children.map(expected);
      } catch {
        return 'caught';
      }
    default:
      return all();
  }
}

export const sleeper = coroutine('sleeper', async (loop) => {
  try {
    return await loop.sleep(3_600_000);
  } finally {
    await loop.sleep(50); // a clean-up that suspends
  }
});

const gathers = coroutine('gathers', async (loop) => loop.gather([sleeper(), sleeper()]));

/** No engine has it. */
const nobody = coroutine('nobody', () => 'ran');

const flaky = coroutine(
  'flaky',
  async (loop) => {
    loop.createTask(sleeper());
    const { failures } = loop.currentTask();
    await loop.step('fail', () => {
      if (failures < 2) throw new RangeError('again');
    });
    return 'third';
  },
  { retry: { attempts: 3, initialMs: 500 } },
);

export const node = coroutine('node', async (loop, self: Node): Promise<Value> => {
  const { kind, random, children } = plan(self);
  const below = (): Coroutine<Value>[] => children.map((child) => node(child));
  const some = { returnExceptions: true } as const;
  switch (kind) {
    case 'fail':
      throw new RangeError(message(self.seed));
    case 'value':
      return self.seed % 1000;
    case 'nap':
      return await loop.sleep(random.below(3_000), self.seed % 1000);
    case 'step':
      return await loop.step('note', () => self.seed % 1000);
    case 'gather':
    case 'wide':
      return (await loop.gather(below(), some)).map(told);
    case 'limited':
      return (await loop.gather(below(), { ...some, limit: 1 })).map(told);
    case 'strict':
      try {
        return await loop.gather(below());
      } catch {
        return 'caught';
      }
    case 'cancels':
      return await cancels(loop, random.below(1_500));
    case 'late':
      return await late(loop, random.below(1_000));
    case 'timed':
      return await overAs(TimeoutError, 'timeout', loop.createTask(sleeper(), { timeout: 1 + random.below(1_000) }));
    case 'overdue':
      return await overAs(TimeoutError, 'timeout', loop.createTask(gathers(), { deadline: 1 + random.below(1_000) }));
    case 'stale':
      return await overAs(
        ExpiredError,
        'expired',
        loop.createTask(nobody(), { expiresAfter: 1 + random.below(1_000) }),
      );
    case 'retried':
      return await loop.createTask(flaky());
    case 'first':
      return await first(loop, below());
    case 'branches':
      return await Promise.all(
        below().map(async (child, index) => {
          if (index % 2 === 1) await loop.sleep(20 * index);
          const [result] = await loop.gather([child], some);
          return told(result);
        }),
      );
  }
});

async function cancels(loop: Loop, ms: number): Promise<Value> {
  const task = loop.createTask(sleeper());
  await loop.sleep(ms);
  task.cancel('enough');
  try {
    await task;
    return 'ended';
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    return 'cancelled';
  }
}

async function late(loop: Loop, ms: number): Promise<Value> {
  try {
    await loop.waitFor(sleeper(), ms);
    return 'ended';
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    return 'timeout';
  }
}

async function overAs(type: new (message: string) => Error, word: string, task: Task<unknown>): Promise<Value> {
  try {
    await task;
    return 'ended';
  } catch (error) {
    if (!(error instanceof type)) throw error;
    return word;
  }
}

/** Goes on in another way when another child ends first: replay in another order is found out (L1, L3). */
async function first(loop: Loop, below: Coroutine<Value>[]): Promise<Value> {
  const tasks = below.map((child) => loop.createTask(child));
  const { done } = await loop.wait(tasks, { returnWhen: FIRST_COMPLETED });
  for (const [index, task] of tasks.entries()) {
    if (!done.includes(task)) continue;
    if (index % 2 === 0) await loop.step(`first ${index}`, () => index);
    else await loop.sleep(10 * index);
  }
  return (await loop.gather(tasks, { returnExceptions: true })).map(told);
}

export const all = [node, sleeper, gathers, flaky];

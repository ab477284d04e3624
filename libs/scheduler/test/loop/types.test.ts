/** Types: what a coroutine takes and gives is inferred, and wrong use does not compile. */
import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { coroutine, type Future, type Loop, type Task, threaded } from '../../src/index.ts';

const length = coroutine('length', async (_loop, { text }: { text: string }) => text.length);
const upper = coroutine('upper', async (_loop, text: string) => text.toUpperCase());
const none = coroutine('none', async () => true);
const checked = coroutine('checked', async (_loop, { n }) => n, { args: z.object({ n: z.number().default(1) }) });

it('infers arguments and results', () => {
  const use = (loop: Loop) => {
    expectTypeOf(loop.createTask(length({ text: 'a' }))).toEqualTypeOf<Task<number>>();
    expectTypeOf(checked({})).toHaveProperty('result').toEqualTypeOf<number>();
    none();
    // @ts-expect-error the argument is missing
    length();
    // @ts-expect-error a wrong type
    length({ text: 1 });
    // @ts-expect-error a wrong type for the schema
    checked({ n: 'one' });
    // @ts-expect-error not a coroutine object
    loop.createTask(length);
  };
  expectTypeOf(use).toBeFunction();
});

it('takes policies where a coroutine is defined and where a task is made', () => {
  const use = (loop: Loop) => {
    const limits = { timeout: 1, deadline: 2, expiresAfter: 3 };
    coroutine('limited', () => 1, { ...limits, retry: { attempts: 2, initialMs: 1, on: ['AppError'] } });
    loop.createTask(none(), { ...limits, retry: { attempts: 2 }, name: 'n', priority: 1 });
    void loop.taskGroup((group) => group.createTask(none(), limits));
    expectTypeOf(loop.currentTask().deadline).toEqualTypeOf<number | undefined>();
    // @ts-expect-error how many attempts is not said
    coroutine('retried', () => 1, { retry: { initialMs: 1 } });
    // @ts-expect-error an unknown field of the policy
    loop.createTask(none(), { retry: { attempts: 2, backoff: 1 } });
    // @ts-expect-error milliseconds, not a text
    loop.createTask(none(), { timeout: '1s' });
    // @ts-expect-error no limit is no option
    loop.createTask(none(), { deadline: null });
    // @ts-expect-error what is inherited is not given by hand
    loop.createTask(none(), { deadlineAt: 1 });
    // @ts-expect-error an option of one task
    coroutine('named', () => 1, { name: 'n' });
  };
  expectTypeOf(use).toBeFunction();
});

it('infers what goes to a thread and comes back', () => {
  const repeat = threaded('repeat', import.meta.url, (text: string, times: number) => text.repeat(times));
  const use = (loop: Loop) => {
    expectTypeOf(loop.toThread(repeat, 'a', 2)).toEqualTypeOf<Future<string>>();
    // @ts-expect-error an argument is missing
    loop.toThread(repeat, 'a');
    // @ts-expect-error a wrong type
    loop.toThread(repeat, 'a', '2');
    // @ts-expect-error a plain function
    loop.toThread(() => 1);
  };
  expectTypeOf(use).toBeFunction();
});

it('infers items and results of a map', () => {
  const use = (loop: Loop, lines: AsyncIterable<string>) => {
    expectTypeOf(loop.map(['a'], upper)).toEqualTypeOf<AsyncGenerator<string, void, undefined>>();
    expectTypeOf(loop.map(lines, (text) => length({ text }), { limit: 5, ordered: false })).toEqualTypeOf<
      AsyncGenerator<number, void, undefined>
    >();
    loop.map([{ n: 1 }, {}], checked);
    loop.map([Promise.resolve('a')], upper);
    loop.map([1, 2], () => none());
    // @ts-expect-error items of a wrong type
    loop.map([1], upper);
    // @ts-expect-error a plain function
    loop.map(['a'], (text) => text.length);
    // @ts-expect-error a coroutine object is no function
    loop.map(['a'], upper('a'));
    // @ts-expect-error one thing is no stream
    loop.map(1, () => none());
  };
  expectTypeOf(use).toBeFunction();
});

it('keeps tuples tuples, and adds Error with returnExceptions', () => {
  const use = async (loop: Loop) => {
    expectTypeOf(await loop.gather([length({ text: 'a' }), upper('b'), loop.createTask(none())])).toEqualTypeOf<
      [number, string, boolean]
    >();
    expectTypeOf(await loop.gather([length({ text: 'a' }), upper('b')], { returnExceptions: true })).toEqualTypeOf<
      [number | Error, string | Error]
    >();
    expectTypeOf(await loop.gather(['a', 'b'].map((text) => length({ text })))).toEqualTypeOf<number[]>();
    expectTypeOf(await loop.sleep(1)).toEqualTypeOf<null>();
    expectTypeOf(await loop.sleep(1, 'x')).toEqualTypeOf<string>();
    expectTypeOf(await loop.step('s', () => Promise.resolve(1))).toEqualTypeOf<number>();
    // @ts-expect-error a member is no coroutine object
    await loop.gather([length({ text: 'a' }), 1]);
  };
  expectTypeOf(use).toBeFunction();
});

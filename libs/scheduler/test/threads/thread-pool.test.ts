/** The pool by itself, with real threads. */
import { afterEach, describe, expect, it } from 'vitest';
import { decode } from '../../src/contract/codec.ts';
import { CancelledError } from '../../src/contract/exceptions.ts';
import type { ErrorValue, Outcome } from '../../src/contract/outcome.ts';
import type { ThreadCall } from '../../src/contract/threads.ts';
import type { ThreadedFunction } from '../../src/loop/threaded.ts';
import { ThreadPool } from '../../src/threads/thread-pool.ts';
import { exits, fails, givesMap, later, notExported, spin, sum, whereAmI } from './functions.ts';
import { spinning, standsStill } from './spinning.ts';

const pools: ThreadPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function poolOf(size: number): ThreadPool {
  const pool = new ThreadPool({
    size,
    failed: (error) => {
      throw error;
    },
  });
  pools.push(pool);
  return pool;
}

const callOf = ({ threadedName: name, module }: ThreadedFunction, args: unknown[] = []): ThreadCall => ({
  ...{ module, name, args: JSON.stringify(args), origin: 'crawl t_1' },
});
const never = new AbortController().signal;
const errorOf = ({ payload }: Outcome): ErrorValue => decode(payload) as ErrorValue;

describe('a call', () => {
  it('gives the result, of asynchronous functions too', async () => {
    const pool = poolOf(1);
    expect(await pool.run(callOf(sum, [1, 2, 3]), never)).toEqual({ state: 'succeeded', payload: '6' });
    expect(await pool.run(callOf(later, ['soon']), never)).toEqual({ state: 'succeeded', payload: '"soon"' });
  });

  it('runs on another thread', async () => {
    const { payload } = await poolOf(1).run(callOf(whereAmI), never);
    expect(decode(payload)).toMatchObject({ isMainThread: false });
  });

  it('gives the error with type, message, cause, the stack of the thread and the task', async () => {
    const outcome = await poolOf(1).run(callOf(fails, ['too far']), never);
    expect(outcome.state).toBe('failed');
    const error = errorOf(outcome);
    expect(error).toMatchObject({ type: 'RangeError', message: 'too far', task: 'crawl t_1' });
    expect(error.cause).toMatchObject({ message: 'the reason' });
    expect(error.stack).toContain('threads/functions.ts');
  });

  it('gives what JSON cannot hold as an error that names the path', async () => {
    expect(errorOf(await poolOf(1).run(callOf(givesMap), never))).toMatchObject({
      type: 'UnserializableError',
      message: expect.stringContaining('/inner'),
    });
  });

  it('of a function that its module does not export says so', async () => {
    expect(errorOf(await poolOf(1).run(callOf(notExported.hidden), never))).toMatchObject({
      type: 'TypeError',
      message: expect.stringContaining('exports no threaded function named hidden'),
    });
  });

  it('that ends its thread fails, and the next call gets another thread', async () => {
    const pool = poolOf(1);
    expect(errorOf(await pool.run(callOf(exits), never)).message).toContain('exited with code: 3');
    expect(await pool.run(callOf(sum, [1]), never)).toMatchObject({ payload: '1' });
  });
});

describe('P2 calls beyond the size', () => {
  it('wait for a thread, and go on when the one before is aborted', async () => {
    const pool = poolOf(1);
    const heard = spinning('P2');
    const abort = new AbortController();
    const first = pool.run(callOf(spin, ['P2']), abort.signal);
    const second = pool.run(callOf(sum, [2]), never);
    await heard;
    abort.abort(new CancelledError('enough'));
    expect(await first).toMatchObject({ state: 'cancelled' });
    expect(errorOf(await first)).toMatchObject({ type: 'CancelledError', message: 'enough' });
    expect(await second).toMatchObject({ payload: '2' });
  });

  it('may be aborted while they wait', async () => {
    const pool = poolOf(1);
    const heard = spinning('waits');
    const first = pool.run(callOf(spin, ['waits']), never);
    const abort = new AbortController();
    const second = pool.run(callOf(sum, [2]), abort.signal);
    await heard;
    abort.abort(new CancelledError(''));
    expect(await second).toMatchObject({ state: 'cancelled' });
    await pool.close();
    expect(await first).toMatchObject({ state: 'cancelled' });
  });
});

describe('P3 an aborted call', () => {
  it('is answered when its thread has ended', async () => {
    const heard = spinning('P3');
    const abort = new AbortController();
    const call = poolOf(1).run(callOf(spin, ['P3']), abort.signal);
    const counter = await heard;
    expect(await standsStill(counter)).toBe(false);
    abort.abort(new CancelledError(''));
    await call;
    expect(await standsStill(counter)).toBe(true);
  });
});

/** Threaded functions for tests; threads load this file by itself. */
import { setTimeout } from 'node:timers/promises';
import { isMainThread, threadId } from 'node:worker_threads';
import { threaded } from '../../src/loop/threaded.ts';

export const sum = threaded('sum', import.meta.url, (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0));

export const whereAmI = threaded('whereAmI', import.meta.url, () => ({ isMainThread, threadId }));

export const later = threaded('later', import.meta.url, async (value: string) => await setTimeout(5, value));

export const fails = threaded('fails', import.meta.url, (message: string): never => {
  throw new RangeError(message, { cause: new Error('the reason') });
});

export const givesMap = threaded('givesMap', import.meta.url, () => ({ inner: new Map() }));

export const exits = threaded('exits', import.meta.url, (): void => process.exit(3));

/** Sends a counter through a channel, and counts for ever. */
export const spin = threaded('spin', import.meta.url, (channel: string): void => {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  new BroadcastChannel(channel).postMessage(counter);
  for (;;) Atomics.add(counter, 0, 1);
});

const hidden = threaded('hidden', import.meta.url, () => 1);
export const notExported = { hidden };

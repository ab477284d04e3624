/** Takes batches from one list and puts their results on another. Argument: URL. */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Item } from '../items.ts';
import { doneList, todoList } from './limit-lists.ts';

const [url = ''] = process.argv.slice(2);
const pop = new Redis(url, { maxRetriesPerRequest: null });
const push = new Redis(url, { maxRetriesPerRequest: null });
process.on('SIGTERM', () => process.exit(0));
await push.rpush('ready', process.pid);

for (;;) {
  const popped = await pop.blpop(todoList, 0);
  if (popped !== null) void answer(JSON.parse(popped[1]));
}

async function answer(batch: (Item & { ms?: number })[]): Promise<void> {
  const [{ ms } = {}] = batch;
  if (ms !== undefined) await pause(ms);
  const results: Item[] = batch.map(({ i, text }) => ({ i, text }));
  await push.rpush(doneList, JSON.stringify(results));
}

import { coroutine } from '@corral/scheduler';
import { z } from 'zod';

const args = z.strictObject({
  ms: z.number().min(0).max(1e15).describe('milliseconds'),
  result: z.json().optional().describe('what the task answers; null by default'),
});

export const sleep = coroutine('sleep', async (loop, { ms, result }) => loop.sleep(ms, result ?? null), {
  args,
  description: 'Suspends for some milliseconds, in a durable timer that holds no slot.',
});

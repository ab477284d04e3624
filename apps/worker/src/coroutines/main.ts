import { coroutine } from '@corral/scheduler';
import { z } from 'zod';
import { bar } from './bar.ts';
import { foo } from './foo.ts';

export const main = coroutine(
  'main',
  async (loop) => {
    const first = loop.createTask(foo({}), { name: 'the first foo' });
    const gathered = await loop.gather([foo({}), bar({})]);
    return { task: await first, gathered };
  },
  { args: z.strictObject({}), description: 'Tutorial: creates a task, gathers foo and bar, answers their results.' },
);

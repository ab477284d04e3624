import { coroutine } from '@corral/scheduler';
import { z } from 'zod';

export const bar = coroutine(
  'bar',
  async (loop) => {
    loop.log('bar: running');
    await loop.sleep(50); // shorter than foo's, so bar comes back first
    loop.log('bar: back from the switch');
    return 'bar is done';
  },
  { args: z.strictObject({}), description: 'Tutorial: logs, gives way for 50 ms, logs again.' },
);

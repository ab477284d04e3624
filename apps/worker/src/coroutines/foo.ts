import { coroutine } from '@corral/scheduler';
import { z } from 'zod';

export const foo = coroutine(
  'foo',
  async (loop) => {
    loop.log('foo: running');
    await loop.sleep(100); // a slot is free meanwhile, for bar for example
    loop.log('foo: running again after the switch');
    return 'foo is done';
  },
  { args: z.strictObject({}), description: 'Tutorial: logs, gives way for 100 ms, logs again.' },
);

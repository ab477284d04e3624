import { coroutine } from '@corral/scheduler';
import { z } from 'zod';

export const echo = coroutine('echo', (_loop, args) => args, {
  args: z.json().describe('anything'),
  description: 'Answers its arguments.',
});

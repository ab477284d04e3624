/**
 * Cancel: CancelledError is raised at the await where a task is suspended; `finally` may clean up, with awaits of its own.
 *
 *   -d '{"coroutine":"interrupted","args":{}}'
 *
 * answers with "the cook was cancelled: dinner is burnt"; the log of the cook says that the stove is off.
 */
import { CancelledError, coroutine } from '@corral/scheduler';

export const cook = coroutine('cook', async (loop) => {
  loop.log('the stove is on');
  try {
    await loop.sleep(3_600_000); // an hour, durable: this task holds no slot of a worker meanwhile
  } finally {
    await loop.sleep(100); // it cools down
    loop.log('the stove is off');
  }
});

export const interrupted = coroutine('interrupted', async (loop) => {
  const task = loop.createTask(cook());
  await loop.sleep(200);
  task.cancel('dinner is burnt'); // a request: the cook still cleans up
  try {
    await task;
    return 'dinner is ready';
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    return `the cook was cancelled: ${error.message}`;
  }
});

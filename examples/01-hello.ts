/**
 * Hello: a coroutine, and a coroutine that calls it.
 *
 *   curl -X POST 'localhost:3000/v1/tasks?waitMs=5000' -H 'content-type: application/json' \
 *        -d '{"coroutine":"helloWorld","args":{"name":"Ada"}}'
 *
 * answers with the result "Hello, Ada!".
 */
import { coroutine } from '@corral/scheduler';

export const greeting = coroutine('greeting', (_loop, { name }: { name: string }) => `Hello, ${name}!`);

export const helloWorld = coroutine('helloWorld', async (loop, { name }: { name: string }) => {
  // greeting({ name }) is a coroutine object: nothing runs yet. As a task it runs on any worker of the cluster.
  const task = loop.createTask(greeting({ name }), { name: `greet ${name}` });
  loop.log(`waiting for ${task.id}`);
  return await task;
});

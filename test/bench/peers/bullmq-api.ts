/** The least that puts a job on a queue for each request, or each task of a batch. Arguments: URL, queue. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

interface Submission {
  coroutine: string;
  args: unknown;
}

const [url = '', name = ''] = process.argv.slice(2);
const queue = new Queue(name, { connection: { url } });
const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
await queue.waitUntilReady();
await new Redis(url).rpush('ready', (server.address() as AddressInfo).port);
process.on('SIGTERM', () => process.exit(0));

const opts = { removeOnComplete: true };

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await json(request)) as Submission | { tasks: Submission[] };
  const shown = 'tasks' in body ? { items: await addAll(body.tasks) } : await add(body);
  response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify(shown));
}

async function add({ coroutine, args }: Submission): Promise<{ id: string | undefined }> {
  const { id } = await queue.add(coroutine, args, opts);
  return { id };
}

async function addAll(tasks: readonly Submission[]): Promise<{ id: string | undefined }[]> {
  const jobs = await queue.addBulk(tasks.map(({ coroutine, args }) => ({ name: coroutine, data: args, opts })));
  return jobs.map(({ id }) => ({ id }));
}

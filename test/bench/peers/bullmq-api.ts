/** The least that puts a job on a queue for each request. Arguments: URL, queue. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

const [url = '', name = ''] = process.argv.slice(2);
const queue = new Queue(name, { connection: { url } });
const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
await once(server, 'listening');
await queue.waitUntilReady();
await new Redis(url).rpush('ready', (server.address() as AddressInfo).port);
process.on('SIGTERM', () => process.exit(0));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { coroutine, args } = (await json(request)) as { coroutine: string; args: unknown };
  const { id } = await queue.add(coroutine, args, { removeOnComplete: true });
  response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ id }));
}

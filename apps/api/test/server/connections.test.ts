/** What happens below HTTP: over real sockets. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerBrokenRequest } from '../../src/server/broken-request.ts';
import { LongPolls } from '../../src/tasks/long-polls.ts';
import { type Booted, boot } from '../boot.ts';

async function listen(): Promise<Booted & { port: number; url: string }> {
  const api = await boot();
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  return { ...api, port, url: `http://127.0.0.1:${port}` };
}

async function sendRaw(port: number, bytes: string): Promise<{ head: string; problem: Record<string, unknown> }> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { head, problem: JSON.parse(body) };
}

describe('a client that goes away', () => {
  test.each(['GET', 'POST'])('ends its wait (%s)', async (method) => {
    const { app, client, url } = await listen();
    const { id } = client.add();
    const controller = new AbortController();
    const options = { method, signal: controller.signal };
    const answer =
      method === 'GET'
        ? fetch(`${url}/v1/tasks/${id}?waitMs=60000`, options)
        : fetch(`${url}/v1/tasks?waitMs=60000`, { ...options, body: '{"coroutine":"a"}', headers: json });
    await expect.poll(() => client.waiting).toBe(1);
    controller.abort();
    await expect(answer).rejects.toThrow('aborted');
    await expect.poll(() => client.waiting).toBe(0);
    expect(app.get(LongPolls).count).toBe(0);
  });

  test('before the wait began is not waited for', async () => {
    const { app, client, url } = await listen();
    const { promise, resolve: release } = Promise.withResolvers<void>();
    client.held = promise;
    const controller = new AbortController();
    const options = { method: 'POST', signal: controller.signal, body: '{"coroutine":"a"}', headers: json };
    const answer = fetch(`${url}/v1/tasks?waitMs=60000`, options);
    await expect.poll(() => client.coroutineCalls).toBe(1);
    controller.abort();
    await expect(answer).rejects.toThrow('aborted');
    const connections = promisify(app.getHttpServer().getConnections.bind(app.getHttpServer()));
    await expect.poll(() => connections()).toBe(0);
    release();
    await expect.poll(() => client.submitted.length).toBe(1);
    await expect.poll(() => client.reads).toBe(1);
    expect(client.waits).toBe(0);
  });

  test('leaves nothing behind when it stays', async () => {
    const { app, client, url } = await listen();
    const { id } = client.add();
    const answer = fetch(`${url}/v1/tasks/${id}?waitMs=60000`);
    await expect.poll(() => client.waiting).toBe(1);
    client.settle(id, { state: 'succeeded', result: 1 });
    expect(await (await answer).json()).toMatchObject({ id, result: 1 });
    expect(app.get(LongPolls).count).toBe(0);
  });
});

describe('closing', () => {
  test('answers long polls with the task as it is, and ends', async () => {
    const { app, client, url } = await listen();
    const { id } = client.add({ state: 'suspended' });
    const polls = [
      fetch(`${url}/v1/tasks/${id}?waitMs=60000`),
      fetch(`${url}/v1/tasks?waitMs=60000`, { method: 'POST', body: '{"coroutine":"a"}', headers: json }),
    ];
    await expect.poll(() => client.waiting).toBe(2);
    await app.close();
    const [read, submitted] = await Promise.all(polls);
    expect(read?.status).toBe(200);
    expect(await read?.json()).toMatchObject({ id, state: 'suspended' });
    expect(submitted?.status).toBe(202);
    expect(await submitted?.json()).toMatchObject({ state: 'pending' });
  });

  test('waits for what is under way, and then ends the connection though the client would keep it', async () => {
    const { app, client, port } = await listen();
    const { id } = client.add();
    const { promise, resolve: release } = Promise.withResolvers<void>();
    client.held = promise;
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const responded = once(request({ agent, port, path: `/v1/tasks/${id}` }).end(), 'response');
    await expect.poll(() => client.reading).toBe(1);
    const closed = app.close();
    await expect.poll(() => app.getHttpServer().listening).toBe(false);
    expect(client.reading).toBe(1);
    release();
    const [answer] = await responded;
    answer.resume();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.connection).toBe('close');
    await closed;
  });

  test('cuts connections that are idle or never said a word', async () => {
    const { app, port, url } = await listen();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    for (const headers of [{}, { origin: 'https://evil.example' }]) {
      const [answer] = await once(request(`${url}/v1/tasks`, { method: 'POST', agent, headers }).end(), 'response');
      await text(answer);
    }
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    const ended = once(silent, 'close');
    await app.close();
    await ended;
  });
});

describe('what is not HTTP', () => {
  test('is answered with a problem', async () => {
    const { port } = await listen();
    const { head, problem } = await sendRaw(port, 'HELLO corral\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
    expect(problem).toMatchObject({ type: '/problems/malformed-request', status: 400 });
    expect(head).toContain(`X-Request-Id: ${problem['instance']}`);
  });

  test('headers without end are answered with 431', async () => {
    const { port } = await listen();
    const { head, problem } = await sendRaw(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 431 /);
    expect(problem).toMatchObject({ type: '/problems/headers-too-large', status: 431 });
  });

  test('headers or a body that come too slowly are answered with 408', async () => {
    const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    const server = createServer((socket) => answerBrokenRequest(late, socket)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { head, problem } = await sendRaw((server.address() as AddressInfo).port, 'GET');
    expect(head).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
    expect(problem).toMatchObject({ type: '/problems/request-timeout', status: 408 });
  });

  test('a body that is not as long as it says is answered with a problem', async () => {
    const { port } = await listen();
    const { head, problem } = await sendRaw(
      port,
      'POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: nine\r\n\r\n{}',
    );
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(problem).toMatchObject({ type: '/problems/malformed-request' });
  });
});

const json = { 'content-type': 'application/json' };

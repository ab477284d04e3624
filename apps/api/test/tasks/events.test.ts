import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EventStreams } from '../../src/tasks/event-streams.ts';
import { boot, problemOf } from '../boot.ts';
import { rootId } from '../fake-client.ts';

async function listen() {
  const booted = await boot();
  await booted.app.listen(0, '127.0.0.1');
  const { port } = booted.app.getHttpServer().address() as AddressInfo;
  const { id } = booted.client.add({ state: 'running' });
  const open = async (headers = {}): Promise<IncomingMessage> => {
    const request = httpGet({ port, path: `/v1/tasks/${id}/events`, headers });
    onTestFinished(() => void request.destroy());
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return answer;
  };
  return { ...booted, id, open, streams: booted.app.get(EventStreams) };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

test('a task is told until its end', async () => {
  const { client, id, open, streams } = await listen();
  client.lines = 1;
  const answer = await open();
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  await expect.poll(() => client.waiting).toBe(1);
  client.settle(id, { state: 'succeeded', result: 'a\nb' });
  const [retry, state, log, end, rest] = (await textOf(answer)).split('\n\n');
  expect(retry).toMatch(/^retry: \d+$/);
  const fields = (text = '') => Object.fromEntries(text.split('\n').map((line) => line.split(/: (.*)/s, 2)));
  expect(fields(state)).toMatchObject({ id: '0-running100-', event: 'state', data: expect.stringContaining(id) });
  expect(fields(log)).toEqual({ id: '1-running100-', event: 'log', data: JSON.stringify('x'.repeat(1000)) });
  expect(fields(end)).toMatchObject({ id: '1-end-', event: 'end' });
  expect(JSON.parse(fields(end)['data'] ?? '')).toMatchObject({ id, result: 'a\nb' });
  expect(rest).toBe('');
  await expect.poll(() => streams.count).toBe(0);
});

test('Last-Event-ID goes on where the client was', async () => {
  const { client, id, open } = await listen();
  await open({ 'last-event-id': '7-running100-abc' });
  expect(client.followed).toEqual([[id, '7-running100-abc']]);
  const ended = await open({ 'last-event-id': '7-end-abc' });
  expect(ended.statusCode).toBe(204);
  expect(await textOf(ended)).toBe('');
  expect(client.followed).toHaveLength(1);
});

test('what is no task, no such event or no parameter is a problem', async () => {
  const { app, client } = await boot();
  for (const id of [rootId(9), 'nonsense'])
    problemOf(await app.inject(`/v1/tasks/${id}/events`), 404, 'task-not-found');
  const url = `/v1/tasks/${client.add().id}/events`;
  for (const value of ['x', '1', '', '1-2-3-4'])
    expect(
      problemOf(await app.inject({ url, headers: { 'last-event-id': value } }), 400, 'invalid-request').errors,
    ).toMatchObject([{ header: 'Last-Event-ID' }]);
  problemOf(await app.inject(`${url}?after=1`), 400, 'invalid-request');
});

test('a client that goes away is forgotten', async () => {
  const { client, open, streams } = await listen();
  const answer = await open();
  await expect.poll(() => client.waiting).toBe(1);
  answer.destroy();
  await expect.poll(() => [client.waiting, streams.count]).toEqual([0, 0]);
});

test('there are so many streams and no more', async () => {
  const { open, streams } = await listen();
  const answers = [await open(), await open(), await open()];
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  const refused = await open();
  expect(refused.statusCode).toBe(503);
  expect(refused.headers['retry-after']).toBe('5');
  expect(JSON.parse(await textOf(refused))).toMatchObject({ type: '/problems/too-many-streams' });
  answers[0]?.destroy();
  await expect.poll(() => streams.count).toBe(2);
  expect((await open()).statusCode).toBe(200);
});

test('what a slow client does not read is not asked for', { timeout: 60_000 }, async () => {
  const { app, client, open } = await listen();
  client.lines = 100_000;
  const answer = await open();
  answer.pause();
  let before = -1;
  await expect
    .poll(
      () => {
        const still = client.linesRead === before && before > 0;
        before = client.linesRead;
        return still;
      },
      { interval: 200, timeout: 20_000 },
    )
    .toBe(true);
  expect(client.linesRead).toBeLessThan(50_000);
  await app.close(); // does not wait for the client to read
});

test('closing ends the streams', async () => {
  const { app, client, open } = await listen();
  const answers = [await open(), await open()];
  await expect.poll(() => client.waiting).toBe(2);
  const texts = answers.map(textOf);
  await app.close();
  for (const text of await Promise.all(texts)) expect(text).toMatch(/event: state\n.*\n\n$/);
});

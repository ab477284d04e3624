import { expect, test } from 'vitest';
import { boot } from '../boot.ts';

const post = (url: string, payload: unknown, headers = {}) =>
  ({ method: 'POST', url, payload: payload as object, headers }) as const;

test('requests are measured by route, and submissions by what became of them', async () => {
  const { app } = await boot();
  const task = { coroutine: 'main', args: {} };
  await app.inject(post('/v1/tasks', task, { 'idempotency-key': 'k' }));
  await app.inject(post('/v1/tasks', task, { 'idempotency-key': 'k' }));
  await app.inject(post('/v1/tasks', { coroutine: 7 }));
  await app.inject(post('/v1/tasks/batch', { tasks: [task, task] }));
  await app.inject(post('/v1/programs', { program: { nothing: 1 } }));
  await app.inject('/v1/tasks/t_00000000000000000000000000');
  await app.inject('/nothing/here');
  const { payload } = await app.inject('/metrics');
  const labels = (method: string, route: string, status: number) =>
    `{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"}`;
  const requests = (...request: Parameters<typeof labels>) =>
    `http_server_request_duration_seconds_count${labels(...request)} `;
  expect(payload).toContain(`${requests('POST', '/v1/tasks', 202)}2`);
  expect(payload).toContain(`${requests('POST', '/v1/tasks', 400)}1`);
  expect(payload).toContain(`${requests('GET', '/v1/tasks/:id', 200)}`.replace('200', '404'));
  expect(payload).toContain(`${requests('GET', '_OTHER', 404)}1`);
  for (const [kind, result] of [
    ['task', 'accepted'],
    ['task', 'duplicate'],
    ['task', 'rejected'],
    ['batch', 'accepted'],
    ['program', 'rejected'],
  ])
    expect(payload).toContain(`corral_submissions_total{kind="${kind}",result="${result}"} 1`);
});

test('a request that waits for a task is measured without the wait, and counted while it waits', async () => {
  const { app, client } = await boot();
  const { id } = client.add({});
  const began = performance.now();
  const polling = app.inject(`/v1/tasks/${id}?waitMs=30000`);
  await expect.poll(() => client.waiting).toBe(1);
  expect((await app.inject('/metrics')).payload).toContain('corral_long_poll_waiters 1');
  const waited = performance.now();
  await expect.poll(() => performance.now() - waited).toBeGreaterThan(50);
  const held = performance.now() - waited;
  client.settle(id, { state: 'succeeded', result: null });
  await polling;
  const inAll = performance.now() - began;
  const { payload } = await app.inject('/metrics');
  const [, sum] = /request_duration_seconds_sum\{[^}]*route="\/v1\/tasks\/:id"[^}]*\} (\S+)/.exec(payload) ?? [];
  expect(Number(sum) * 1000).toBeLessThanOrEqual(inAll - held);
});

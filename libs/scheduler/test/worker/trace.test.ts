/** The trace context of a request goes through the whole tree, and each run is told of once, with its place in the trace. */
import { describe, expect, it } from 'vitest';
import { coroutine, type EndedRun, type Loop, spanIdOf } from '../../src/index.ts';
import { type MemoryCluster, type MemoryClusterOptions, memoryCluster } from '../../src/testing/index.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const requestSpan = 'b7ad6b7169203331';
const trace = { traceparent: `00-${traceId}-${requestSpan}-01`, tracestate: 'vendor=1' };

const headers = coroutine('headers', async (loop: Loop) => loop.traceHeaders);
const root = coroutine('root', async (loop: Loop) => {
  const own = loop.traceHeaders;
  const task = loop.createTask(headers(), { name: 'alone' });
  await loop.sleep(1000);
  return [own, await task, ...(await loop.gather([headers(), headers()]))];
});
let failures = 0;
const flaky = coroutine(
  'flaky',
  async () => {
    failures += 1;
    if (failures === 1) throw new RangeError('the first time');
    return failures;
  },
  { retry: { attempts: 2 } },
);
const nap = coroutine('nap', async (loop: Loop) => {
  const child = loop.createTask(headers());
  await loop.sleep(10_000);
  return await child;
});
const coroutines = [headers, root, flaky, nap];

async function traced(options: Partial<MemoryClusterOptions> = {}) {
  const runs: EndedRun[] = [];
  const instrument = { ran: (run: EndedRun) => void runs.push(run) };
  const cluster = await memoryCluster({ coroutines, workers: 2, instrument, ...options });
  /** The end of the task; what is left of its run has been done as well. */
  const end = async (id: string) => {
    const view = await cluster.client.wait(id, 60_000);
    await pause(cluster, 1);
    return view;
  };
  return { runs, cluster, end, [Symbol.asyncDispose]: () => cluster.close() };
}

const pause = (cluster: MemoryCluster, ms: number): Promise<void> =>
  new Promise((resolve) => cluster.clock.setTimer(ms, resolve));
const headersOf = (id: string) => ({ ...trace, traceparent: `00-${traceId}-${spanIdOf(id)}-01` });

describe('a tree of a trace', () => {
  it.each([false, true])(
    'is one, with a span for each task below that of its parent (always replayed: %s)',
    async (alwaysReplay) => {
      await using on = await traced({ alwaysReplay });
      const { id, traceId: shown } = await on.cluster.client.submit('root', {}, { trace });
      expect(shown).toBe(traceId);
      const view = await on.end(id);
      const tree = await on.cluster.client.tree(id);
      expect(tree?.nodes.map((node) => node.traceId)).toEqual([traceId, traceId, traceId]);
      expect(view?.result).toEqual([id, ...(tree?.nodes ?? []).map((node) => node.id)].map(headersOf));
      const spans = on.runs.map(({ spanId, parentSpanId, end }) => ({ spanId, parentSpanId, end }));
      const below = (tree?.nodes ?? []).map((node) => ({ spanId: spanIdOf(node.id), parentSpanId: spanIdOf(id) }));
      const expected = [{ spanId: spanIdOf(id), parentSpanId: requestSpan }, ...below];
      expect(spans).toHaveLength(4);
      expect(spans).toEqual(expect.arrayContaining(expected.map((span) => ({ ...span, end: 'succeeded' }))));
    },
  );

  it('says the same in a history that is replayed elsewhere', async () => {
    await using on = await traced();
    const { id } = await on.cluster.client.submit('root', {}, { trace });
    await on.end(id);
    expect((await on.cluster.client.history(id))?.trace).toEqual(trace);
  });
});

describe('a worker is killed', () => {
  it('the next attempt is the span of the task, from its first start on: what the first created stays below it', async () => {
    await using on = await traced();
    const { cluster } = on;
    const { id } = await cluster.client.submit('nap', {}, { trace });
    await pause(cluster, 2000);
    const first = await cluster.client.get(id);
    for (const worker of [...cluster.workers]) if (worker.id === first?.worker) cluster.kill(worker);
    const view = await on.end(id);
    expect(view).toMatchObject({ state: 'succeeded', attempt: 2 });
    expect(on.runs.map(({ spanId, parentSpanId }) => [spanId, parentSpanId])).toEqual([
      [expect.any(String), spanIdOf(id)],
      [spanIdOf(id), requestSpan],
    ]);
    const [, second] = on.runs as [EndedRun, EndedRun];
    expect(second).toMatchObject({ attempt: 2, end: 'succeeded', worker: view?.worker, trace });
    expect(second.startedAt).toBe(Date.parse(first?.startedAt ?? ''));
  });
});

describe('a run that does not end its task is a span of its own below it', () => {
  it('a failed attempt that is retried', async () => {
    failures = 0;
    await using on = await traced();
    const { id } = await on.cluster.client.submit('flaky', {}, { trace });
    await on.end(id);
    const [failed, succeeded] = on.runs as [EndedRun, EndedRun];
    expect(on.runs).toHaveLength(2);
    expect(failed).toMatchObject({ end: 'retried', errorType: 'RangeError', failures: 0, parentSpanId: spanIdOf(id) });
    expect(failed.spanId).not.toBe(spanIdOf(id));
    expect(succeeded).toMatchObject({ end: 'succeeded', failures: 1, spanId: spanIdOf(id), parentSpanId: requestSpan });
  });

  it('one that was parked', async () => {
    await using on = await traced({ parking: { parkAfterMs: 1000 } });
    const { id } = await on.cluster.client.submit('nap', {}, { trace });
    await on.end(id);
    const own = on.runs.filter(({ coroutine: name }) => name === 'nap');
    expect(own.map(({ end, parentSpanId }) => [end, parentSpanId])).toEqual([
      ['left', spanIdOf(id)],
      ['succeeded', requestSpan],
    ]);
    expect(own[0]?.reason).toContain('parked');
  });
});

describe('without a trace', () => {
  it('nothing is kept, nothing is told, and there are no headers', async () => {
    await using on = await traced();
    const view = await on.cluster.run(root());
    expect(view.result).toEqual([{}, {}, {}, {}]);
    expect(view).not.toHaveProperty('traceId');
    expect(on.runs).toEqual([]);
    const [record, child] = await on.cluster.store.records([
      view.id,
      (await on.cluster.client.tree(view.id))?.nodes[1]?.id ?? '',
    ]);
    expect([record?.options, child?.options]).toEqual(['{}', '{}']);
  });
});

describe('submit', () => {
  it('with the same idempotency key in another trace gives the first task', async () => {
    await using on = await traced();
    const { client } = on.cluster;
    const first = await client.submitOnce('headers', {}, { trace, idempotencyKey: 'once' });
    const other = { traceparent: `00-${'1'.repeat(32)}-${requestSpan}-01` };
    const second = await client.submitOnce('headers', {}, { trace: other, idempotencyKey: 'once' });
    expect(second).toMatchObject({ replayed: true, task: { id: first.task.id, traceId } });
  });

  it('refuses what is no trace context', async () => {
    await using on = await traced();
    const refused = on.cluster.client.submit('headers', {}, { trace: { traceparent: 'nonsense' } });
    await expect(refused).rejects.toThrow(new RangeError('trace: "nonsense" is no traceparent'));
  });
});

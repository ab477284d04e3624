import type { TaskTree } from '@corral/scheduler';
import { type MemoryCluster, memoryCluster, SystemClock } from '@corral/scheduler/testing';
import type { RequestInit, Response } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveExampleSite } from '../../../../examples/site/server.ts';
import { NetworkGuard } from '../../src/coroutines/network-guard.ts';
import { HttpClient } from '../../src/coroutines/request.ts';
import type { AuditReport } from '../../src/coroutines/site-audit/report.ts';
import { siteAudit } from '../../src/coroutines/site-audit.ts';
import { serve } from './loopback.ts';

/** Knows what was asked for, and how many requests were under way at once. */
class WatchedClient extends HttpClient {
  readonly requests: string[] = [];
  #now = 0;
  most = 0;

  override async send(url: URL, init: RequestInit): Promise<Response> {
    this.requests.push(`${init.method ?? 'GET'} ${url.href}`);
    this.#now += 1;
    this.most = Math.max(this.most, this.#now);
    try {
      return await super.send(url, init);
    } finally {
      this.#now -= 1;
    }
  }
}

type Arguments = { startUrl: string; [option: string]: unknown };

async function auditing() {
  const agent = new NetworkGuard(['127.0.0.0/8']).agent();
  const client = new WatchedClient(agent);
  const cluster = await memoryCluster({ coroutines: siteAudit(client), clock: new SystemClock(), slots: 20 });
  onTestFinished(async () => {
    await cluster.close();
    await agent.destroy();
  });
  return { client, cluster };
}

async function audit(cluster: MemoryCluster, args: Arguments): Promise<AuditReport> {
  const { id } = await cluster.client.submit('siteAudit', args);
  const view = await cluster.client.wait(id, 60_000);
  expect(view).toMatchObject({ state: 'succeeded' });
  return view?.result as AuditReport;
}

async function exampleSite() {
  const site = await serveExampleSite();
  onTestFinished(() => site.close());
  return site;
}

const leaves = (tree: TaskTree): TaskTree[] => (tree.nodes.length === 0 ? [tree] : tree.nodes.flatMap(leaves));
const count = (items: readonly string[]): Map<string, number> =>
  items.reduce((counts, item) => counts.set(item, (counts.get(item) ?? 0) + 1), new Map());

describe('on the example site', () => {
  it('finds exactly the faults that were planted, with the pages that hold them', async () => {
    const site = await exampleSite();
    const { client, cluster } = await auditing();
    const report = await audit(cluster, site.audit);
    const planted = site.faults.map(({ url, reason, pages }) => ({ url, reason, pages, pageCount: pages.length }));
    const found = report.broken.map(({ url, reason, pages, pageCount }) => ({ url, reason, pages, pageCount }));
    const byUrl = (a: { url: string }, b: { url: string }) => (a.url < b.url ? -1 : 1);
    expect(found.sort(byUrl)).toEqual(planted.sort(byUrl));
    expect(report).toMatchObject({ pages: site.pages, unchecked: { external: 0, internal: 0 }, truncated: [] });

    // Once each: GET for pages; HEAD for the rest, and then GET only where HEAD was refused or the answer was an error.
    const counts = count(client.requests);
    const again = [...counts].filter(([, times]) => times > 1).map(([request]) => new URL(request.slice(4)).pathname);
    expect(again.sort()).toEqual(['/trouble/cut.html', '/trouble/reset.html']);
    const heads = client.requests.filter((request) => request.startsWith('HEAD '));
    const both = heads.filter((request) => counts.has(request.replace('HEAD', 'GET')));
    const broken = new Set(site.faults.map(({ url }) => url));
    expect(
      both.filter((request) => !broken.has(request.slice(5))).map((request) => new URL(request.slice(5)).pathname),
    ).toEqual(['/images/no-head.png']);
  });

  it('keeps to the concurrency, and both workers take part', async () => {
    const site = await exampleSite();
    const { client, cluster } = await auditing();
    const { id } = await cluster.client.submit('siteAudit', { startUrl: site.url, maxPages: 120, concurrency: 5 });
    expect(await cluster.client.wait(id, 60_000)).toMatchObject({
      state: 'succeeded',
      result: { pages: 120 },
      progress: { phase: 'done', pages: 120 },
    });
    expect(client.most).toBeLessThanOrEqual(5);
    expect(client.most).toBeGreaterThan(1);
    const tree = await cluster.client.tree(id, 100_000);
    const workers = new Set(leaves(tree as TaskTree).map(({ worker }) => worker));
    expect(workers.size).toBe(2);
  });

  it('external faults are left alone unless asked for', async () => {
    const site = await exampleSite();
    const { client, cluster } = await auditing();
    const report = await audit(cluster, { ...site.audit, checkExternal: false, maxDepth: 4 });
    const external = site.faults.filter((fault) => fault.external).map(({ url }) => url);
    expect(external).toHaveLength(2);
    expect(report.broken.filter(({ url }) => external.includes(url))).toEqual([]);
    const host = new URL(site.url).host;
    expect(client.requests.every((request) => new URL(request.split(' ')[1] ?? '').host === host)).toBe(true);
    expect(report.unchecked.external).toBe(report.links.external);
  });
});

describe('whatever happens', () => {
  it('a worker that leaves in the middle: the same report, and pages that were read are not read again', async () => {
    const site = await exampleSite();
    const { client, cluster } = await auditing();
    const args = { ...site.audit, checkExternal: false };
    const { id } = await cluster.client.submit('siteAudit', args);
    await expect.poll(() => client.requests.length, { timeout: 5000, interval: 5 }).toBeGreaterThan(100);
    await cluster.workers[0]?.stop();
    const view = await cluster.client.wait(id, 60_000);
    const report = view?.result as AuditReport;
    expect(report.pages).toBe(site.pages);
    const planted = site.faults.filter((fault) => !fault.external).map(({ url }) => url);
    expect(report.broken.map(({ url }) => url).sort()).toEqual(planted.sort());
    const again = [...count(client.requests)].filter(([, times]) => times > 1);
    expect(again.length).toBeLessThanOrEqual(2 + 20); // the two that drop connections, and a worker's slots at most
  });

  it('a start URL that is not there, or no page, is a finding', async () => {
    const { url } = await serve((request, response) => response.writeHead(request.url === '/lost' ? 404 : 200).end());
    const { cluster } = await auditing();
    expect(await audit(cluster, { startUrl: `${url}/file` })).toMatchObject({
      pages: 0,
      broken: [{ url: `${url}/file`, reason: 'not-html' }],
    });
    expect(await audit(cluster, { startUrl: `${url}/lost` })).toMatchObject({
      pages: 0,
      brokenTotal: 1,
      broken: [{ url: `${url}/lost`, reason: 'http-status', status: 404, pages: [] }],
    });
  });

  it('a cancel stops the requests', async () => {
    let closed = 0;
    const { url, requests } = await serve((request, response) => {
      request.on('close', () => {
        closed += 1;
      });
      if (request.url !== '/') return; // never answers
      response.setHeader('content-type', 'text/html').end('<a href=1></a><a href=2></a><a href=3></a>');
    });
    const { cluster } = await auditing();
    const { id } = await cluster.client.submit('siteAudit', { startUrl: `${url}/` });
    await expect.poll(() => requests.length, { interval: 5 }).toBe(4);
    await cluster.client.cancel(id);
    expect(await cluster.client.wait(id, 5000)).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => closed, { interval: 5 }).toBe(4);
  });
});

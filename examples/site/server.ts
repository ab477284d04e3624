/**
 * The example site: a few hundred pages with known faults, and a neighbour on a port of its own, which is another host
 * to an audit. By hand: `node examples/site/server.ts [port] [address]`.
 */
import { decoys, type Fault, faults, neighbourResources, resources } from './faults.ts';
import { makePages } from './pages.ts';
import { serveResources } from './static-server.ts';

export interface ExampleSite {
  url: string;
  /** HTML pages that can be reached and read. */
  pages: number;
  faults: Fault[];
  /** Arguments of siteAudit with which exactly `faults` are found, in seconds. */
  audit: { startUrl: string; checkExternal: true; timeoutMs: number; maxBytes: number };
  close(): Promise<void>;
}

export async function serveExampleSite({ port = 0, host = '127.0.0.1', seed = 1 } = {}): Promise<ExampleSite> {
  const neighbour = await serveResources((path) => neighbourResources.get(path), 0, host);
  const planted = faults(neighbour.url);
  const pages = makePages(seed, [...planted, ...decoys(neighbour.url)]);
  const others = resources();
  const type = 'text/html; charset=utf-8';
  const bodyOf = (path: string) => pages.get(path) ?? pages.get(path.replace(/\?from=.*$/, ''));
  const site = await serveResources(
    (path) => {
      const body = bodyOf(path);
      return body === undefined ? others.get(path) : { type, body };
    },
    port,
    host,
  ).catch(async (error: unknown) => {
    await neighbour.close();
    throw error;
  });
  const absolute = (target: string) => (target.startsWith('/') ? site.url + target : target);
  return {
    url: `${site.url}/`,
    pages: pages.size + 1, // one of them again with a query
    faults: planted.map(({ name, target, reason, pages: holders }) => ({
      name,
      url: absolute(target),
      reason,
      pages: holders.map(absolute).sort(),
      external: /^http:\/\/\w/.test(target),
    })),
    audit: { startUrl: `${site.url}/`, checkExternal: true, timeoutMs: 2500, maxBytes: 1_000_000 },
    async close() {
      await Promise.all([site.close(), neighbour.close()]);
    },
  };
}

if (import.meta.main) {
  const [port = '0', host = '127.0.0.1'] = process.argv.slice(2);
  const { url, pages, faults } = await serveExampleSite({ port: Number(port), host });
  console.log(`${pages} pages with ${faults.length} faults are served at ${url}`);
}

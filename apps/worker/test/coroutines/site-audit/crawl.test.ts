import { describe, expect, it } from 'vitest';
import { Crawl, type CrawlLimits } from '../../../src/coroutines/site-audit/crawl.ts';
import type { PageContents } from '../../../src/coroutines/site-audit/page-contents.ts';
import { report } from '../../../src/coroutines/site-audit/report.ts';
import { Judge } from '../../../src/coroutines/site-audit/verdict.ts';
import type { Visit } from '../../../src/coroutines/site-audit/visit.ts';

const site = 'http://site.test';
const start = (limits: Partial<CrawlLimits> = {}) =>
  new Crawl({ startUrl: `${site}/`, maxPages: 100, maxDepth: 10, checkExternal: false, ...limits });

const visit = (path: string, seen: Partial<Visit>): Visit => ({
  url: path.startsWith('/') ? site + path : path,
  by: 'w:1',
  ms: 1,
  ...seen,
});

/** A page with these links (paths or URLs) and anchors. */
const page = (path: string, links: string[] = [], more: Partial<PageContents> = {}): Visit =>
  visit(path, {
    status: 200,
    bytes: 10,
    contents: {
      links: { link: links.map((link) => new URL(link, site).href) },
      ...{ anchors: [], skipped: {}, invalid: [], truncated: false, ...more },
    },
  });

const redirect = (path: string, to: string): Visit => visit(path, { status: 301, location: new URL(to, site).href });

/** Paths, in order; visits every page as `pages` says, 404 otherwise. */
function crawlAll(crawl: Crawl, pages: Visit[], atOnce = 2): { read: string[]; checked: string[] } {
  const known = new Map(pages.map((each) => [each.url, each]));
  const look = (url: string) => known.get(url) ?? visit(url, { status: 404 });
  const read: string[] = [];
  for (let urls = crawl.nextPages(atOnce); urls.length > 0; urls = crawl.nextPages(atOnce)) {
    read.push(...urls);
    crawl.record(urls.map(look));
  }
  const checked: string[] = [];
  for (let urls = crawl.nextLinks(atOnce); urls.length > 0; urls = crawl.nextLinks(atOnce)) {
    checked.push(...urls);
    crawl.record(urls.map(look).map(({ contents: _, ...rest }) => rest));
  }
  const short = (url: string) => (url.startsWith(`${site}/`) ? url.slice(site.length) : url);
  return { read: read.map(short), checked: checked.map(short) };
}

describe('C1 every URL once', () => {
  it('however often and with whatever fragment it is linked, as a page or as the target of a redirect', () => {
    const pages = [page('/', ['/a', '/a#x', '/moved', '/']), page('/a', ['/', '/moved#y', '/b']), page('/b', ['/a'])];
    const { read, checked } = crawlAll(start(), [...pages, redirect('/moved', '/b#z')]);
    expect([...read, ...checked].sort()).toEqual(['/', '/a', '/b', '/moved']);
  });

  it('a page that an image names as well is read and not checked', () => {
    const home = page('/', ['/a']);
    home.contents?.links && Object.assign(home.contents.links, { image: [`${site}/a`, `${site}/b.png`] });
    expect(crawlAll(start(), [home, page('/a')])).toEqual({ read: ['/', '/a'], checked: ['/b.png'] });
  });

  it('redirects without end end', () => {
    const hops = Array.from({ length: 50 }, (_, hop) => redirect(`/hop-${hop}`, `/hop-${hop + 1}`));
    const { read, checked } = crawlAll(start(), [page('/', ['/hop-0']), ...hops]);
    expect([...read, ...checked]).toEqual(['/', ...Array.from({ length: 11 }, (_, hop) => `/hop-${hop}`)]);
  });
});

describe('C2 level by level within the limits', () => {
  const tree = [
    page('/', ['/a', '/b']),
    page('/a', ['/a/1', '/a/2', 'http://other.test/']),
    page('/b', ['/b/1', '/a/1']),
    ...['/a/1', '/a/2', '/b/1'].map((path) => page(path, [`${path}/deep`])),
  ];

  it('pages nearer to the start come first', () => {
    expect(crawlAll(start(), tree).read).toEqual([
      '/',
      '/a',
      '/b',
      '/a/1',
      '/a/2',
      '/b/1',
      '/a/1/deep',
      '/a/2/deep',
      '/b/1/deep',
    ]);
  });

  it('maxDepth and maxPages: what is beyond is checked and not read', () => {
    expect(crawlAll(start({ maxDepth: 1 }), tree)).toEqual({
      read: ['/', '/a', '/b'],
      checked: ['/a/1', '/a/2', '/b/1'],
    });
    expect(crawlAll(start({ maxDepth: 0 }), tree)).toEqual({ read: ['/'], checked: ['/a', '/b'] });
    const few = crawlAll(start({ maxPages: 4 }), tree);
    expect(few.read).toHaveLength(4);
    expect(few.checked).toEqual(['/a/2', '/b/1', '/a/1/deep']);
  });

  it('what is no page does not count as one', () => {
    expect(
      crawlAll(start({ maxPages: 3 }), [page('/', ['/404', '/410', '/a', '/b']), page('/a'), page('/b')]).read,
    ).toEqual(['/', '/404', '/410', '/a', '/b']);
  });

  it('C3 other hosts are asked on demand only, and never read', () => {
    const home = page('/', ['http://other.test/x', 'https://site.test/y', 'http://site.test:81/z']);
    expect(crawlAll(start(), [home])).toEqual({ read: ['/', 'https://site.test/y'], checked: [] });
    expect(crawlAll(start({ checkExternal: true }), [home]).checked).toEqual([
      'http://other.test/x',
      'http://site.test:81/z',
    ]);
  });

  it('the host is where the start URL leads to', () => {
    const crawl = start();
    const pages = [redirect('/', '/home'), redirect('/home', 'https://www.site.test/')];
    const { read } = crawlAll(crawl, [
      ...pages,
      { ...page('/', ['https://www.site.test/a']), url: 'https://www.site.test/' },
    ]);
    expect(read).toEqual(['/', '/home', 'https://www.site.test/', 'https://www.site.test/a']);
    expect(crawl.origin).toBe('https://www.site.test');
  });
});

describe('the verdict on a link', () => {
  const visits = [
    page('/', [], { anchors: ['part'] }),
    page('/cut', [], { truncated: true }),
    redirect('/moved', '/'),
    redirect('/moved-to-part', '/#part'),
    redirect('/moved-twice', '/moved'),
    redirect('/ring-1', '/ring-2'),
    redirect('/ring-2', '/ring-1'),
    redirect('/moved-away', 'http://other.test/'),
    visit('/file.pdf', { status: 200 }),
    visit('/gone', { status: 410 }),
    visit('/slow', { failure: { reason: 'timeout', detail: 'no complete answer within 5 ms' } }),
  ];
  const judge = new Judge(new Map(visits.map((each) => [each.url, each])));

  it.each([
    ['/', { kind: 'good', url: `${site}/`, redirects: 0 }],
    ['/#part', { kind: 'good' }],
    ['/#nowhere', { kind: 'broken', of: 'fragment', reason: 'missing-anchor' }],
    ['/moved', { kind: 'good', url: `${site}/`, redirects: 1 }],
    ['/moved-twice#part', { kind: 'good', redirects: 2 }],
    ['/moved-twice#nowhere', { kind: 'broken', of: 'fragment', reason: 'missing-anchor' }],
    ['/moved-to-part#nowhere', { kind: 'good' }],
    ['/ring-1', { kind: 'broken', of: 'document', reason: 'redirect-loop' }],
    ['/moved-away', { kind: 'unchecked', what: 'document' }],
    ['/never-visited', { kind: 'unchecked', what: 'document' }],
    ['/file.pdf#page=2', { kind: 'unchecked', what: 'fragment' }],
    ['/cut#perhaps', { kind: 'unchecked', what: 'fragment' }],
    ['/gone#part', { kind: 'broken', of: 'document', reason: 'http-status', status: 410 }],
    ['/slow', { kind: 'broken', reason: 'timeout', detail: 'no complete answer within 5 ms' }],
  ])('%s', (link, verdict) => {
    expect(judge.judge(site + link)).toMatchObject(verdict);
  });
});

describe('the report', () => {
  it('tells broken links with their pages, redirects, sizes, times and workers', () => {
    const crawl = start();
    const home = { ...page('/', ['/a', '/lost#x', '/moved', '/a#nowhere'], { skipped: { mailto: 2 } }), ms: 30 };
    const other = {
      ...page('/a', ['/lost', 'http://other.test/'], { skipped: { mailto: 1, tel: 1 }, invalid: ['http://['] }),
      ms: 10,
    };
    crawlAll(crawl, [home, other, { ...redirect('/moved', '/a'), by: 'w:2' }]);
    expect(report(crawl, `${site}/`, 1234)).toEqual({
      startUrl: `${site}/`,
      origin: site,
      pages: 2,
      links: { total: 6, distinct: 6, internal: 5, external: 1, skipped: { mailto: 3, tel: 1 } },
      brokenTotal: 3,
      brokenByReason: { 'http-status': 1, 'invalid-url': 1, 'missing-anchor': 1 },
      broken: [
        expect.objectContaining({ url: 'http://[', reason: 'invalid-url', pages: [`${site}/a`], pageCount: 1 }),
        expect.objectContaining({ url: `${site}/a#nowhere`, reason: 'missing-anchor', pages: [`${site}/`] }),
        {
          ...{ url: `${site}/lost`, reason: 'http-status', detail: 'status 404', status: 404, kinds: ['link'] },
          ...{ pages: [`${site}/`, `${site}/a`], pageCount: 2 },
        },
      ],
      redirectTotal: 1,
      redirects: [{ url: `${site}/moved`, to: `${site}/a`, hops: 1, pageCount: 1 }],
      unchecked: { external: 1, internal: 0, fragments: 0 },
      truncated: [],
      slowest: [
        { url: `${site}/`, ms: 30, bytes: 10 },
        { url: `${site}/a`, ms: 10, bytes: 10 },
      ],
      bytes: 20,
      latency: { p50: 10, p90: 30, p99: 30, max: 30 },
      workers: { 'w:1': 3, 'w:2': 1 },
      ms: 1234,
    });
  });

  it('names a start URL that is broken', () => {
    const crawl = start();
    crawlAll(crawl, []);
    expect(report(crawl, `${site}/`, 1)).toMatchObject({
      pages: 0,
      broken: [{ url: `${site}/`, reason: 'http-status', status: 404, pages: [], pageCount: 0 }],
      latency: { p50: 0, max: 0 },
    });
  });

  it('cuts its lists, not its totals', () => {
    const crawl = start({ maxPages: 60 });
    const lost = Array.from({ length: 1100 }, (_, index) => `/lost-${index}`);
    const pages = Array.from({ length: 60 }, (_, index) => `/page-${index}`);
    crawlAll(crawl, [page('/', pages), ...pages.map((path) => page(path, lost))], 100);
    const { broken, brokenTotal } = report(crawl, `${site}/`, 1);
    expect([broken.length, brokenTotal]).toEqual([1000, 1100]);
    expect([broken[0]?.pages.length, broken[0]?.pageCount]).toEqual([50, 59]);
  });
});

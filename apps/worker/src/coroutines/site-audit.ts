/**
 * siteAudit: crawls a site and reports what is broken.
 *
 * The tree of its tasks: siteAudit gathers some siteAudit.section for each round, a section gathers a siteAudit.page or
 * siteAudit.link for each of its URLs. Rounds are small against the site, so that progress is seen; the sections of a
 * round share the concurrency, so that never more than `concurrency` requests are under way.
 *
 * Replayed after a crash, this coroutine must do the same again: what it does follows from the results alone (crawl.ts).
 */
import { coroutine, type Loop } from '@corral/scheduler';
import { z } from 'zod';
import type { HttpClient } from './request.ts';
import { Crawl } from './site-audit/crawl.ts';
import { auditLink } from './site-audit/link.ts';
import { auditPage } from './site-audit/page.ts';
import { report } from './site-audit/report.ts';
import { auditSection } from './site-audit/section.ts';
import { unpack } from './site-audit/section-pack.ts';
import { webUrl } from './web-url.ts';

const args = z.strictObject({
  startUrl: webUrl,
  maxPages: z.int().min(1).max(100_000).default(1000).describe('HTML pages to read; other links are only checked'),
  maxDepth: z.int().min(0).max(1000).default(50).describe('links from the start URL; 0 reads the start page only'),
  concurrency: z.int().min(1).max(256).default(16).describe('requests at once, over all workers'),
  checkExternal: z.boolean().default(false).describe('also ask other hosts whether what is linked there exists'),
  timeoutMs: z.int().min(1).max(600_000).default(15_000).describe('for one request'),
  maxBytes: z.int().min(1).max(50_000_000).default(5_000_000).describe('of one page, decompressed'),
});

/** URLs in a round, and sections they are split into. */
const roundFactor = 8;
const sectionsPerRound = 4;

export function siteAudit(client: HttpClient) {
  const page = auditPage(client);
  const link = auditLink(client);
  const section = auditSection(page, link);

  async function visitAll(loop: Loop, crawl: Crawl, audit: z.output<typeof args>, as: 'page' | 'link', urls: string[]) {
    const { timeoutMs, maxBytes, concurrency } = audit;
    const { origin } = crawl;
    const parts = Math.min(sectionsPerRound, concurrency, urls.length);
    const bound = (total: number, part: number) => Math.floor((total * part) / parts);
    const sections = await loop.gather(
      Array.from({ length: parts }, (_, part) => {
        const share = urls.slice(bound(urls.length, part), bound(urls.length, part + 1));
        const limit = bound(concurrency, part + 1) - bound(concurrency, part);
        return section({ as, urls: share, limit, origin, timeoutMs, maxBytes });
      }),
    );
    for (const each of sections) crawl.record(unpack(each, origin));
  }

  const audit = coroutine(
    'siteAudit',
    async (loop, options) => {
      const started = loop.now();
      const crawl = new Crawl(options);
      const round = options.concurrency * roundFactor;
      for (const phase of ['page', 'link'] as const) {
        for (;;) {
          const urls = phase === 'page' ? crawl.nextPages(round) : crawl.nextLinks(round);
          if (urls.length === 0) break;
          loop.progress({ phase: `${phase}s`, ...progressOf(crawl) });
          await visitAll(loop, crawl, options, phase, urls);
        }
        loop.log({ done: `${phase}s`, ...progressOf(crawl) });
      }
      loop.progress({ phase: 'done', ...progressOf(crawl) });
      return report(crawl, options.startUrl, loop.now() - started);
    },
    { args, description: 'Crawls a site, a task for each page, and reports broken links, redirects, sizes and times.' },
  );
  return [audit, section, page, link] as const;
}

function progressOf(crawl: Crawl) {
  const visits = [...crawl.visits.values()];
  const broken = visits.filter(({ failure, status = 0 }) => failure !== undefined || status >= 400).length;
  return {
    pages: crawl.pages,
    visited: visits.length,
    queued: crawl.queued,
    links: crawl.holders.size,
    broken,
  };
}

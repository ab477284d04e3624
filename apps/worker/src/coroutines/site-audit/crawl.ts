/**
 * crawl: which URLs to visit, in which order, and what was found. No I/O and no clock: the same visits in the same order
 * always ask for the same next ones, which is what replay needs.
 *
 * C1. Every URL (without fragment) is asked for at most once; a redirect's target is a URL of its own.
 * C2. Pages are read level by level, on one host only, at most `maxPages`, at most `maxDepth` links from the start.
 * C3. What is not read as a page is checked after the pages; other hosts only on demand.
 */
import type { PageContents } from './page-contents.ts';
import { type LinkKind, linkKinds } from './references.ts';
import type { Visit } from './visit.ts';
import { splitFragment } from './web-links.ts';

export interface CrawlLimits {
  startUrl: string;
  maxPages: number;
  maxDepth: number;
  checkExternal: boolean;
}

export const maxRedirects = 10;

/** Who refers to a target. */
export interface Holder {
  page: string;
  kind: LinkKind;
}

interface Found {
  /** Links from the start; infinite when nothing that leads to pages refers to it. */
  depth: number;
  /** Redirects followed to get here. */
  hops: number;
}

export class Crawl {
  /** URL with fragment -> who refers to it, each page and kind once. */
  readonly holders = new Map<string, Holder[]>();
  readonly visits = new Map<string, Visit>();
  /** HTML pages read. */
  pages = 0;
  readonly #limits: CrawlLimits;
  readonly #found = new Map<string, Found>();
  /** Found, not visited, and of a host that is asked. */
  readonly #queue = new Set<string>();
  /** Found, of finite depth, perhaps visited meanwhile; in the order of depth. */
  #frontier: string[] = [];
  #start: string;

  constructor(limits: CrawlLimits) {
    this.#limits = limits;
    this.#start = splitFragment(new URL(limits.startUrl).href).document;
    this.#find(this.#start, 0, 0);
  }

  /** Where the audited site is: at the start URL, or where that redirects to. */
  get origin(): string {
    return new URL(this.#start).origin;
  }

  isInternal(url: string): boolean {
    return new URL(url).host === new URL(this.#start).host;
  }

  /** At most `count` pages to read now; none when all are read or the limits are reached. */
  nextPages(count: number): string[] {
    const room = Math.min(count, this.#limits.maxPages - this.pages);
    this.#frontier = this.#frontier.filter((url) => this.#queue.has(url));
    return this.#frontier.slice(0, Math.max(room, 0));
  }

  /** Found, but not to be read as a page, and not visited: at most `count` to check now. */
  nextLinks(count: number): string[] {
    return this.#queue.values().take(count).toArray();
  }

  /** So many URLs are known and will be visited. */
  get queued(): number {
    return this.#queue.size;
  }

  record(visits: readonly Visit[]): void {
    for (const visit of visits) {
      this.visits.set(visit.url, visit);
      this.#queue.delete(visit.url);
      const from = this.#found.get(visit.url) ?? { depth: Number.POSITIVE_INFINITY, hops: 0 };
      if (visit.location !== undefined) this.#recordRedirect(visit, visit.location, from);
      if (visit.contents !== undefined) this.#recordPage(visit.url, visit.contents, from.depth);
    }
    this.#frontier.sort((a, b) => this.#depth(a) - this.#depth(b));
  }

  #recordRedirect(visit: Visit, location: string, from: Found): void {
    const { document } = splitFragment(location);
    if (visit.url === this.#start && this.pages === 0 && from.hops < maxRedirects) this.#start = document;
    this.#find(document, from.depth, from.hops + 1);
  }

  #recordPage(page: string, contents: PageContents, depth: number): void {
    this.pages += 1;
    for (const kind of linkKinds) {
      const leadsToPages = kind === 'link' || kind === 'frame';
      for (const target of contents.links[kind] ?? []) {
        const holders = this.holders.get(target);
        if (holders === undefined) this.holders.set(target, [{ page, kind }]);
        else holders.push({ page, kind });
        this.#find(splitFragment(target).document, leadsToPages ? depth + 1 : Number.POSITIVE_INFINITY, 0);
      }
    }
  }

  #find(url: string, depth: number, hops: number): void {
    const before = this.#found.get(url) ?? { depth: Number.POSITIVE_INFINITY, hops: Number.POSITIVE_INFINITY };
    const found = { depth: Math.min(depth, before.depth), hops: Math.min(hops, before.hops) };
    this.#found.set(url, found);
    if (found.hops > maxRedirects || this.visits.has(url)) return;
    const internal = this.isInternal(url);
    if (internal || this.#limits.checkExternal) this.#queue.add(url);
    const { maxDepth } = this.#limits;
    const known = before.depth <= maxDepth && before.hops <= maxRedirects;
    if (internal && found.depth <= maxDepth && !known) this.#frontier.push(url);
  }

  #depth(url: string): number {
    return this.#found.get(url)?.depth ?? Number.POSITIVE_INFINITY;
  }
}

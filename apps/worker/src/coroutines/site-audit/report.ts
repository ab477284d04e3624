/** report: what the audit says in the end. Lists are cut to a length that fits an answer; the totals beside them are not. */
import type { Crawl, Holder } from './crawl.ts';
import { type BrokenReason, Judge } from './verdict.ts';
import type { Visit } from './visit.ts';
import { splitFragment } from './web-links.ts';

export interface BrokenLink {
  /** With its fragment only when the fragment is what is broken. */
  url: string;
  reason: BrokenReason | 'invalid-url' | 'not-html';
  detail: string;
  status?: number;
  /** link, frame, image, script, style, media, object, resource. */
  kinds: string[];
  pages: string[];
  pageCount: number;
}

export interface AuditReport {
  startUrl: string;
  /** The audited site: where the start URL led to. */
  origin: string;
  pages: number;
  links: {
    /** On how many pages each link stands, summed up. */
    total: number;
    distinct: number;
    internal: number;
    external: number;
    /** Occurrences by scheme of what is not for HTTP. */
    skipped: Record<string, number>;
  };
  brokenTotal: number;
  brokenByReason: Record<string, number>;
  broken: BrokenLink[];
  redirectTotal: number;
  redirects: { url: string; to: string; hops: number; pageCount: number }[];
  /** Distinct links that were not judged: hosts that were not asked, pages beyond the limits, fragments of no HTML page. */
  unchecked: { external: number; internal: number; fragments: number };
  /** Pages with so many links or anchors that some were left out. */
  truncated: string[];
  slowest: { url: string; ms: number; bytes: number }[];
  /** Of decompressed pages. */
  bytes: number;
  /** Milliseconds from the request for a page to its last byte. */
  latency: { p50: number; p90: number; p99: number; max: number };
  /** Requests by worker (`host:pid`). */
  workers: Record<string, number>;
  ms: number;
}

const listed = 1000;
const listedPages = 50;
const listedSlowest = 10;

export function report(crawl: Crawl, startUrl: string, ms: number): AuditReport {
  const pages = [...crawl.visits.values()].filter(({ contents }) => contents !== undefined);
  const judged = judgeLinks(crawl, startUrl);
  const invalid = invalidLinks(pages);
  const broken = [...judged.broken.values(), ...invalid, ...startNotRead(crawl, startUrl, judged.broken)].sort((a, b) =>
    compare(a.url, b.url),
  );
  const kinds = [...crawl.holders.keys()].map((url) => crawl.isInternal(url));
  return {
    startUrl,
    origin: crawl.origin,
    pages: crawl.pages,
    links: {
      total: sum([...crawl.holders.values()].map((holders) => holders.length)),
      distinct: kinds.length,
      internal: kinds.filter((internal) => internal).length,
      external: kinds.filter((internal) => !internal).length,
      skipped: countAll(pages.flatMap(({ contents }) => Object.entries(contents?.skipped ?? {}))),
    },
    brokenTotal: broken.length,
    brokenByReason: countAll(broken.map(({ reason }) => [reason, 1])),
    broken: broken.slice(0, listed).map((link) => ({ ...link, pages: link.pages.slice(0, listedPages) })),
    redirectTotal: judged.redirects.length,
    redirects: judged.redirects.slice(0, listed),
    unchecked: judged.unchecked,
    truncated: pages.filter(({ contents }) => contents?.truncated).map(({ url }) => url),
    slowest: pages
      .toSorted((a, b) => b.ms - a.ms)
      .slice(0, listedSlowest)
      .map(({ url, ms, bytes = 0 }) => ({ url, ms, bytes })),
    bytes: sum(pages.map(({ bytes = 0 }) => bytes)),
    latency: percentiles(pages.map((page) => page.ms)),
    workers: countAll([...crawl.visits.values()].map(({ by }) => [by, 1])),
    ms,
  };
}

function judgeLinks(crawl: Crawl, startUrl: string) {
  const judge = new Judge(crawl.visits);
  const broken = new Map<string, BrokenLink>();
  const redirects: AuditReport['redirects'] = [];
  const unchecked = { external: 0, internal: 0, fragments: 0 };
  const links: Iterable<[string, Holder[]]> = [[new URL(startUrl).href, []], ...crawl.holders];
  for (const [link, holders] of links) {
    const verdict = judge.judge(link);
    if (verdict.kind === 'broken') {
      const { kind: _, of, ...fault } = verdict;
      const url = of === 'fragment' ? link : splitFragment(link).document;
      broken.set(url, heldBy(broken.get(url) ?? { url, ...fault, kinds: [], pages: [], pageCount: 0 }, holders));
    } else if (verdict.kind === 'unchecked') {
      const where = crawl.isInternal(link) ? 'internal' : 'external';
      unchecked[verdict.what === 'fragment' ? 'fragments' : where] += 1;
    } else if (verdict.redirects > 0) {
      const pageCount = new Set(holders.map(({ page }) => page)).size;
      redirects.push({ url: link, to: verdict.url, hops: verdict.redirects, pageCount });
    }
  }
  return { broken, redirects, unchecked };
}

/** The start URL has no holder but may be held by pages as well: `crawl.holders` then brings it a second time. */
function heldBy(link: BrokenLink, holders: readonly Holder[]): BrokenLink {
  const pages = [...new Set([...link.pages, ...holders.map(({ page }) => page)])].sort(compare);
  const kinds = [...new Set([...link.kinds, ...holders.map(({ kind }) => kind)])].sort(compare);
  return { ...link, kinds, pages, pageCount: pages.length };
}

/** Nothing is broken, and yet nothing was read: say why. */
function startNotRead(crawl: Crawl, url: string, broken: ReadonlyMap<string, BrokenLink>): BrokenLink[] {
  if (crawl.pages > 0 || broken.size > 0) return [];
  const detail = 'the start URL answers with something that is no HTML page';
  return [{ url, reason: 'not-html', detail, kinds: [], pages: [], pageCount: 0 }];
}

function invalidLinks(pages: readonly Visit[]): BrokenLink[] {
  const holders = new Map<string, string[]>();
  for (const { url, contents } of pages)
    for (const text of contents?.invalid ?? []) holders.set(text, [...(holders.get(text) ?? []), url]);
  return [...holders].map(([url, held]) => ({
    url,
    reason: 'invalid-url',
    detail: url.trim() === '' ? 'the reference is empty' : 'this is no URL, or too long a one',
    kinds: [],
    pages: held.sort(compare),
    pageCount: held.length,
  }));
}

/** By code units, the same on every machine. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function countAll(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [key, count] of entries) counts.set(key, (counts.get(key) ?? 0) + count);
  return Object.fromEntries([...counts].sort(([a], [b]) => compare(a, b)));
}

function percentiles(values: readonly number[]): AuditReport['latency'] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

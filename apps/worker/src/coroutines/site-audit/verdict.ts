/** verdict: is this link broken? Judged from the visits, following redirects and looking for the anchor. */
import { maxRedirects } from './crawl.ts';
import type { FailureReason, Visit } from './visit.ts';
import { hasAnchor, splitFragment } from './web-links.ts';

export type BrokenReason = FailureReason | 'http-status' | 'missing-anchor' | 'redirect-loop' | 'too-many-redirects';

export type Verdict =
  | { kind: 'good'; url: string; redirects: number }
  /** `of`: the document is at fault, whatever the fragment; or only this fragment of it. */
  | { kind: 'broken'; of: 'document' | 'fragment'; reason: BrokenReason; detail: string; status?: number }
  /** The document was not visited (`document`), or it was and is no page that was read (`fragment`). */
  | { kind: 'unchecked'; what: 'document' | 'fragment' };

export class Judge {
  readonly #visits: ReadonlyMap<string, Visit>;
  readonly #anchors = new Map<string, Set<string>>();

  constructor(visits: ReadonlyMap<string, Visit>) {
    this.#visits = visits;
  }

  judge(link: string): Verdict {
    let { document, fragment } = splitFragment(link);
    const passed = new Set<string>();
    for (;;) {
      const visit = this.#visits.get(document);
      if (passed.has(document)) return broken('redirect-loop', `${[...passed, document].join(' -> ')}`);
      if (passed.size > maxRedirects) return broken('too-many-redirects', `more than ${maxRedirects} redirects`);
      if (visit === undefined) return { kind: 'unchecked', what: 'document' };
      if (visit.location === undefined) return this.#end(visit, fragment, passed.size);
      passed.add(document);
      const next = splitFragment(visit.location);
      document = next.document;
      fragment = next.fragment || fragment; // a redirect keeps the fragment unless it has one itself
    }
  }

  #end(visit: Visit, fragment: string, redirects: number): Verdict {
    if (visit.failure !== undefined) return broken(visit.failure.reason, visit.failure.detail);
    const { status = 0, contents } = visit;
    if (status >= 400) return { ...broken('http-status', `status ${status}`), status };
    if (fragment === '') return { kind: 'good', url: visit.url, redirects };
    if (contents === undefined) return { kind: 'unchecked', what: 'fragment' };
    if (hasAnchor(this.#anchorsOf(visit.url, contents.anchors), fragment))
      return { kind: 'good', url: visit.url, redirects };
    if (contents.truncated) return { kind: 'unchecked', what: 'fragment' };
    return { ...broken('missing-anchor', `the page has no anchor "${fragment.slice(0, 200)}"`), of: 'fragment' };
  }

  #anchorsOf(url: string, anchors: readonly string[]): Set<string> {
    const known = this.#anchors.get(url) ?? new Set(anchors);
    this.#anchors.set(url, known);
    return known;
  }
}

const broken = (reason: BrokenReason, detail: string) => ({ kind: 'broken', of: 'document', reason, detail }) as const;

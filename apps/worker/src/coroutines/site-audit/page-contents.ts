/** What a crawler needs to know of an HTML document: where it leads, and which anchors it offers. */
import { Parser } from 'htmlparser2';
import { type LinkKind, type Reference, referencesOf } from './references.ts';
import { isWeb, plainUrl } from './web-links.ts';

/** More links or anchors than this are left out, so that no page can flood the audit. */
const most = 50_000;

export interface PageContents {
  /** Distinct absolute URLs with their fragments, in the order of the document. */
  links: Partial<Record<LinkKind, string[]>>;
  /** What fragments may point to: every `id`, and the `name` of every `a`. */
  anchors: string[];
  /** Occurrences by scheme of what is not for HTTP: `mailto`, `tel`, `javascript`, `data` ... */
  skipped: Record<string, number>;
  /** References that are no URL, shortened. */
  invalid: string[];
  /** Some links or anchors were left out. */
  truncated: boolean;
}

/** `url`: the document's own, to resolve against unless it has a `<base>`. */
export function readPage(html: string, url: string): PageContents {
  const references: Reference[] = [];
  const anchors = new Set<string>();
  let base: string | undefined;
  const parser = new Parser({
    onopentag(element, attribs) {
      if (element === 'base') base ??= attribs['href'];
      if (attribs['id']) anchors.add(attribs['id']);
      if (element === 'a' && attribs['name']) anchors.add(attribs['name']);
      references.push(...referencesOf(element, attribs));
    },
  });
  parser.end(html);
  return {
    ...resolveAll(references.slice(0, most), baseUrl(base, url)),
    anchors: [...anchors].slice(0, most),
    truncated: references.length > most || anchors.size > most,
  };
}

function baseUrl(base: string | undefined, url: string): string {
  const resolved = base === undefined ? null : URL.parse(base, url);
  return resolved !== null && isWeb(resolved) ? resolved.href : url;
}

function resolveAll(references: readonly Reference[], base: string) {
  const links = new Map<LinkKind, Set<string>>();
  const skipped = new Map<string, number>();
  const invalid = new Set<string>();
  for (const { kind, text } of references) {
    const url = text.trim() === '' && kind !== 'link' ? null : URL.parse(text, base);
    if (url !== null && !isWeb(url)) {
      const scheme = url.protocol.slice(0, 30).replace(/:$/, '');
      skipped.set(scheme, (skipped.get(scheme) ?? 0) + 1);
      continue;
    }
    const target = url === null ? undefined : plainUrl(url);
    if (target === undefined) invalid.add(text.slice(0, 200));
    else links.set(kind, (links.get(kind) ?? new Set()).add(target));
  }
  return {
    links: Object.fromEntries([...links].map(([kind, targets]) => [kind, [...targets]])),
    skipped: Object.fromEntries(skipped),
    invalid: [...invalid],
  };
}

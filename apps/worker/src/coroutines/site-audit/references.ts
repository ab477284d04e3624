/** Which attributes of which elements refer to something, and as what. */

export const linkKinds = ['link', 'frame', 'image', 'script', 'style', 'media', 'object', 'resource'] as const;
/** `link` and `frame` lead to pages, the rest belongs to the page that names it. */
export type LinkKind = (typeof linkKinds)[number];

export interface Reference {
  kind: LinkKind;
  /** As written in the document, entities decoded. */
  text: string;
}

const attributes: readonly (readonly [element: string, attribute: string, kind: LinkKind])[] = [
  ['a', 'href', 'link'],
  ['area', 'href', 'link'],
  ['iframe', 'src', 'frame'],
  ['frame', 'src', 'frame'],
  ['img', 'src', 'image'],
  ['input', 'src', 'image'],
  ['body', 'background', 'image'],
  ['image', 'href', 'image'],
  ['image', 'xlink:href', 'image'],
  ['script', 'src', 'script'],
  ['video', 'src', 'media'],
  ['video', 'poster', 'image'],
  ['audio', 'src', 'media'],
  ['source', 'src', 'media'],
  ['track', 'src', 'media'],
  ['embed', 'src', 'object'],
  ['object', 'data', 'object'],
];
const attributesOf = Map.groupBy(attributes, ([element]) => element);

/** `attribs`: names in lower case. */
export function* referencesOf(element: string, attribs: Readonly<Record<string, string>>): Generator<Reference> {
  for (const [, attribute, kind] of attributesOf.get(element) ?? []) {
    const text = attribs[attribute];
    if (text !== undefined) yield { kind, text };
  }
  if (element === 'img' || element === 'source') yield* images(attribs['srcset']);
  if (element === 'link') yield* linkElement(attribs);
  if (element === 'meta' && attribs['http-equiv']?.toLowerCase() === 'refresh') yield* refresh(attribs['content']);
}

function* linkElement({ rel = '', href, imagesrcset }: Readonly<Record<string, string>>): Generator<Reference> {
  const relations = rel.toLowerCase().split(/\s+/);
  yield* images(imagesrcset);
  if (href === undefined || relations.includes('preconnect') || relations.includes('dns-prefetch')) return;
  const style = relations.includes('stylesheet');
  const icon = relations.some((relation) => relation.endsWith('icon'));
  yield { kind: style ? 'style' : icon ? 'image' : 'resource', text: href };
}

function* images(srcset: string | undefined): Generator<Reference> {
  for (const text of srcset === undefined ? [] : candidates(srcset)) yield { kind: 'image', text };
}

/** The URLs of a srcset: `a.png, b.png 2x, data:image/png;base64,xyz 3x` (HTML, "parsing a srcset attribute"). */
export function candidates(srcset: string): string[] {
  const found: string[] = [];
  for (let rest = srcset; ; ) {
    rest = rest.replace(/^[\s,]+/, '');
    const url = /^\S+/.exec(rest)?.[0];
    if (url === undefined) return found;
    found.push(url.replace(/,+$/, ''));
    // A comma right after the URL ends the candidate; otherwise descriptors follow, up to a comma outside of brackets.
    rest = rest.slice(url.length);
    if (!url.endsWith(',')) rest = rest.replace(/^(?:\([^)]*\)|[^,(]|\()*/, '');
  }
}

function* refresh(content: string | undefined): Generator<Reference> {
  const [, quoted, plain] = /^[\s\d.]*[;,]\s*(?:url\s*=\s*)?(?:["']([^"']*)|(\S.*))/is.exec(content ?? '') ?? [];
  const text = quoted ?? plain;
  if (text !== undefined) yield { kind: 'link', text };
}

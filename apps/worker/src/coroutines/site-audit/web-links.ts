/** URLs as links: what can be asked over HTTP, and what a fragment means. */

const longest = 4096;

export const isWeb = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

/** Without user name and password, which are never sent, and without an empty fragment; undefined when it is too long. */
export function plainUrl(url: URL): string | undefined {
  url.username = '';
  url.password = '';
  if (url.hash === '') url.hash = ''; // drops the `#`
  return url.href.length > longest ? undefined : url.href;
}

/**
 * The document that a URL with a fragment names, and the fragment without its `#`; text directives (`#:~:text=...`) are
 * left out, they point to words and not to an anchor.
 */
export function splitFragment(url: string): { document: string; fragment: string } {
  const at = url.indexOf('#');
  if (at < 0) return { document: url, fragment: '' };
  return { document: url.slice(0, at), fragment: url.slice(at + 1).replace(/:~:.*$/, '') };
}

/** HTML, "select the indicated part": as it stands, then percent-decoded; nothing and `top` mean the top of the page. */
export function hasAnchor(anchors: ReadonlySet<string>, fragment: string): boolean {
  if (fragment === '' || anchors.has(fragment)) return true;
  const decoded = percentDecoded(fragment);
  return anchors.has(decoded) || decoded.toLowerCase() === 'top';
}

/** decodeURIComponent that leaves alone what is no valid UTF-8 escape. */
const percentDecoded = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'));

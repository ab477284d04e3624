/** A JSON pointer (RFC 6901) in the form of a URI fragment: `pointer(['args', 'a b'])` is `#/args/a%20b`. */
export function pointer(path: readonly PropertyKey[]): string {
  return `#${path.map((step) => `/${token(String(step))}`).join('')}`;
}

// A lone surrogate, which JSON can hold, has no percent-encoding: toWellFormed replaces it.
const token = (step: string): string =>
  encodeURIComponent(step.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'));

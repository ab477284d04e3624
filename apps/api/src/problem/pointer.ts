/** A JSON pointer (RFC 6901) in the form of a URI fragment: `pointer(['args', 'a b'])` is `#/args/a%20b`. `from`: one that it goes on from. */
export function pointer(path: readonly PropertyKey[], from = '#'): string {
  return `${from}${path.map((step) => `/${token(String(step))}`).join('')}`;
}

// A lone surrogate, which JSON can hold, has no percent-encoding: toWellFormed replaces it.
const token = (step: string): string =>
  encodeURIComponent(step.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'));

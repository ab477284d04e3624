import { ProblemError } from '../problem/problem.ts';

/** A structured field string (RFC 8941), as the draft for this header wants it, or the same key without the quotes. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted?.replace(/\\(.)/g, '$1') ?? header;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new ProblemError('invalid-request', {
    errors: [{ header: 'Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters, in quotes or not' }],
  });
}

/** Bytes to text, by the charset that the answer or the document declares; UTF-8 otherwise. */
import { TextDecoder } from 'node:util';

/** Documents say it in their first kilobyte: <meta charset="..."> or <meta http-equiv content="...; charset=...">. */
const metaCharset = /<meta[^>]{1,200}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([\w:.-]{1,40})/i;
const headerCharset = /;\s*charset\s*=\s*"?([\w:.-]{1,40})/i;

export function decodeText(bytes: Uint8Array, contentType: string): string {
  const label = headerCharset.exec(contentType)?.[1] ?? (/html/i.test(contentType) ? declaredInside(bytes) : undefined);
  return decoder(label).decode(bytes);
}

const declaredInside = (bytes: Uint8Array): string | undefined =>
  metaCharset.exec(new TextDecoder('latin1').decode(bytes.subarray(0, 1024)))?.[1];

function decoder(label = 'utf-8'): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder(); // a label that nobody knows
    throw error;
  }
}

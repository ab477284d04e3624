/** What counts as a trace context, by W3C Trace Context. */
import { describe, expect, it } from 'vitest';
import { readTraceContext } from '../../src/index.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const traceparent = `00-${trace}-${parent}-01`;

describe('traceparent', () => {
  it.each([
    ['as it is', traceparent, traceparent],
    ['not sampled', `00-${trace}-${parent}-00`, `00-${trace}-${parent}-00`],
    ['flags that version 00 does not have are left out', `00-${trace}-${parent}-ff`, `00-${trace}-${parent}-03`],
    ['a later version is read as 00', `cc-${trace}-${parent}-01-what-comes`, traceparent],
  ])('%s', (_, given, kept) => {
    expect(readTraceContext({ traceparent: given })).toEqual({ traceparent: kept });
  });

  it.each([
    ['absent', undefined],
    ['two headers', [traceparent, traceparent]],
    ['empty', ''],
    ['version ff', `ff-${trace}-${parent}-01`],
    ['version 00 with more', `${traceparent}-more`],
    ['capital letters', traceparent.toUpperCase()],
    ['trace id of zeros', `00-${'0'.repeat(32)}-${parent}-01`],
    ['parent id of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
    ['too short', traceparent.slice(0, -1)],
    ['a line break', `${traceparent}\n`],
  ])('malformed counts as absent: %s', (_, given) => {
    expect(readTraceContext({ traceparent: given, tracestate: 'a=b' })).toBeUndefined();
  });
});

describe('tracestate', () => {
  it('is passed on as it is', () => {
    const tracestate = 'vendor=value,other@tenant=1';
    expect(readTraceContext({ traceparent, tracestate })).toEqual({ traceparent, tracestate });
  });

  it.each([
    ['too long', `a=${'b'.repeat(511)}`],
    ['a line break', 'a=b\r\nx: y'],
    ['no text', ['a=b']],
  ])('is dropped alone: %s', (_, tracestate) => {
    expect(readTraceContext({ traceparent, tracestate })).toEqual({ traceparent });
  });
});

import { describe, expect, it } from 'vitest';
import { hasAnchor, splitFragment } from '../../../src/coroutines/site-audit/web-links.ts';

describe('a fragment', () => {
  it.each([
    ['http://a.test/b', { document: 'http://a.test/b', fragment: '' }],
    ['http://a.test/b#', { document: 'http://a.test/b', fragment: '' }],
    ['http://a.test/b?c#d#e', { document: 'http://a.test/b?c', fragment: 'd#e' }],
    ['http://a.test/b#:~:text=word', { document: 'http://a.test/b', fragment: '' }],
    ['http://a.test/b#d:~:text=word', { document: 'http://a.test/b', fragment: 'd' }],
  ])('of %s', (url, parts) => {
    expect(splitFragment(url)).toEqual(parts);
  });

  const anchors = new Set(['plain', 'größe', '100%', 'a%20b', '%zz', 'Top-Level']);

  it.each(['', 'plain', 'top', 'TOP', 't%6Fp', 'gr%C3%B6%C3%9Fe', 'größe', '100%', '100%25', 'a%20b', '%zz', '%25zz'])(
    '#%s is there',
    (fragment) => {
      expect(hasAnchor(anchors, fragment)).toBe(true);
    },
  );

  it.each(['Plain', 'topp', 'gr%C3', 'a b', 'top-level', '%', '__proto__'])('#%s is not there', (fragment) => {
    expect(hasAnchor(anchors, fragment)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { readPage } from '../../../src/coroutines/site-audit/page-contents.ts';
import { candidates } from '../../../src/coroutines/site-audit/references.ts';

const url = 'http://site.test/a/b/page.html?q=1';
const read = (html: string) => readPage(html, url);

describe('links', () => {
  it.each([
    ['<a href="c.html">', 'link', 'http://site.test/a/b/c.html'],
    ['<A HREF=../c.html>', 'link', 'http://site.test/a/c.html'],
    ['<a href="/c?x=1&amp;y=2#z">', 'link', 'http://site.test/c?x=1&y=2#z'],
    ['<a href="//other.test">', 'link', 'http://other.test/'],
    ['<a href="?q=2">', 'link', 'http://site.test/a/b/page.html?q=2'],
    ['<a href="">', 'link', 'http://site.test/a/b/page.html?q=1'],
    ['<a href="#">', 'link', 'http://site.test/a/b/page.html?q=1'],
    ['<a href="#part">', 'link', 'http://site.test/a/b/page.html?q=1#part'],
    ['<a href=" \n c.html\t">', 'link', 'http://site.test/a/b/c.html'],
    ['<a href="grüße.html#größe">', 'link', 'http://site.test/a/b/gr%C3%BC%C3%9Fe.html#gr%C3%B6%C3%9Fe'],
    ['<a href="http://user:secret@site.test/c">', 'link', 'http://site.test/c'],
    ['<area href="c.html">', 'link', 'http://site.test/a/b/c.html'],
    ['<meta http-equiv="Refresh" content="0; URL=c.html">', 'link', 'http://site.test/a/b/c.html'],
    ['<meta http-equiv=refresh content="5,\'c.html\'">', 'link', 'http://site.test/a/b/c.html'],
    ['<iframe src="c.html"></iframe>', 'frame', 'http://site.test/a/b/c.html'],
    ['<frameset><frame src="c.html"></frameset>', 'frame', 'http://site.test/a/b/c.html'],
    ['<img src=c.png>', 'image', 'http://site.test/a/b/c.png'],
    ['<img srcset="c.png 2x">', 'image', 'http://site.test/a/b/c.png'],
    ['<picture><source srcset="c.webp"></picture>', 'image', 'http://site.test/a/b/c.webp'],
    ['<input type=image src=c.png>', 'image', 'http://site.test/a/b/c.png'],
    ['<svg><image xlink:href="c.png"/></svg>', 'image', 'http://site.test/a/b/c.png'],
    ['<video poster="c.png"></video>', 'image', 'http://site.test/a/b/c.png'],
    ['<link rel="shortcut icon" href="c.ico">', 'image', 'http://site.test/a/b/c.ico'],
    ['<link rel=preload as=image imagesrcset="c.png 2x">', 'image', 'http://site.test/a/b/c.png'],
    ['<link rel="alternate stylesheet" href="c.css">', 'style', 'http://site.test/a/b/c.css'],
    ['<link rel=next href="c.html">', 'resource', 'http://site.test/a/b/c.html'],
    ['<script src="c.js"></script>', 'script', 'http://site.test/a/b/c.js'],
    ['<audio src="c.ogg"></audio>', 'media', 'http://site.test/a/b/c.ogg'],
    ['<video><source src="c.webm"><track src="c.webm"></video>', 'media', 'http://site.test/a/b/c.webm'],
    ['<object data="c.svg"></object>', 'object', 'http://site.test/a/b/c.svg'],
    ['<embed src="c.svg">', 'object', 'http://site.test/a/b/c.svg'],
  ])('%s', (html, kind, target) => {
    expect(read(html).links).toEqual({ [kind]: [target] });
  });

  it.each([
    '<!-- <a href="c.html"> -->',
    '<script>const a = "<a href=c.html>";</script>',
    '<style>a::before { content: "<img src=c.png>" }</style>',
    '<textarea><a href="c.html"></textarea>',
    '<a>no href</a>',
    '<link rel="preconnect dns-prefetch" href="//other.test/">',
    '<meta http-equiv="refresh" content="5">',
    '<meta http-equiv="content-type" content="text/html; charset=utf-8">',
    '<constructor href="c.html"><__proto__ src="c.html">',
  ])('not in %s', (html) => {
    expect(read(html).links).toEqual({});
  });

  it('stand there once for each kind, in the order of the document', () => {
    const { links } = read('<a href=b></a><a href=a></a><img src=a><a href="b"></a><a href="b#c"></a>');
    const at = (path: string) => `http://site.test/a/b/${path}`;
    expect(links).toEqual({ link: [at('b'), at('a'), at('b#c')], image: [at('a')] });
  });

  it('resolve against the first <base> with an href, wherever it stands, fragments too', () => {
    const html = '<a href="c"></a><base target="x"><base href="/other/"><base href="/no/"><a href="#part"></a>';
    expect(read(html).links).toEqual({ link: ['http://site.test/other/c', 'http://site.test/other/#part'] });
  });

  it.each(['<base href="data:text/html,x">', '<base href="http://[">', '<base>'])(
    'do not resolve against %s',
    (base) => {
      expect(read(`${base}<a href="c"></a>`).links).toEqual({ link: ['http://site.test/a/b/c'] });
    },
  );

  it('that are not for HTTP are counted by scheme', () => {
    const html =
      '<a href="mailto:a@b.test"></a><a href="MAILTO:a@b.test"></a><a href="java\nscript:void(0)"></a>' +
      '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><a href="tel:+49"></a><a href="__proto__:x"></a>';
    const { links, skipped } = read(html);
    expect(links).toEqual({ link: ['http://site.test/a/b/__proto__:x'] });
    expect(skipped).toEqual({ mailto: 2, javascript: 1, data: 1, tel: 1 });
  });

  it('that are no URL are told', () => {
    const long = `/${'x'.repeat(5000)}`;
    const { links, invalid } = read(
      `<a href="http://[x"></a><img src=""><a href="http://a b/"></a><a href="${long}"></a>`,
    );
    expect(links).toEqual({});
    expect(invalid).toEqual(['http://[x', '', 'http://a b/', long.slice(0, 200)]);
  });

  it('are cut when a page has too many of them', () => {
    const many = Array.from({ length: 50_001 }, (_, index) => `<a href=${index}>`).join('');
    const { links, truncated } = read(many);
    expect([links.link?.length, truncated]).toEqual([50_000, true]);
    expect(read('<a href=1>').truncated).toBe(false);
  });
});

it('anchors are ids of all elements and names of a', () => {
  const html = '<h1 id="one"></h1><a name="two"></a><a id=three name=three></a><meta name="four"><p id="">';
  expect(read(html).anchors).toEqual(['one', 'two', 'three']);
});

it.each([
  ['a.png', ['a.png']],
  [' a.png 1x , b.png 2x', ['a.png', 'b.png']],
  ['a.png 480w,b.png 960w', ['a.png', 'b.png']],
  ['a.png, b.png', ['a.png', 'b.png']],
  ['a,b.png 2x', ['a,b.png']],
  ['data:image/png;base64,xyz 2x, b.png', ['data:image/png;base64,xyz', 'b.png']],
  ['a.png calc(1x, 2x) , b.png', ['a.png', 'b.png']],
  ['a.png (unclosed, b.png', ['a.png', 'b.png']],
  [',, a.png,,', ['a.png']],
  ['', []],
])('srcset "%s"', (srcset, urls) => {
  expect(candidates(srcset)).toEqual(urls);
});

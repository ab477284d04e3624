/** What is wrong with the example site, and what only looks wrong: links to plant, and the resources they need. */
import type { Resource } from './static-server.ts';

export interface Fault {
  /** For people. */
  name: string;
  /** What is broken, as an audit reports it: absolute, with the fragment only when that is at fault. */
  url: string;
  /** The word that siteAudit's report has for it. */
  reason: string;
  /** Absolute URLs of the pages that refer to it. */
  pages: string[];
  /** On another host: found only when these are checked. */
  external: boolean;
}

/** A link to plant: `html` goes into each of `pages` (paths). */
export interface Planted {
  html: string;
  pages: string[];
}

export interface PlantedFault extends Planted {
  name: string;
  /** A path of the site, or an absolute URL. */
  target: string;
  reason: string;
}

/** Nobody listens on this port: it was given to a compression protocol in the 1980s. */
const silentPort = 2;

export const faults = (neighbour: string): PlantedFault[] => [
  {
    name: 'a page that is missing, linked from two pages',
    target: '/guide/chapter-03/page-99.html',
    reason: 'http-status',
    html: '<a href="page-99.html">The next page</a> and <a href="./page-99.html#part">a part of it</a>',
    pages: ['/guide/chapter-03/page-04.html', '/guide/chapter-03/page-05.html'],
  },
  {
    name: 'a path in the wrong case',
    target: '/Guide/chapter-01/',
    reason: 'http-status',
    html: '<a href="/Guide/chapter-01/">Chapter 1</a>',
    pages: ['/about.html'],
  },
  {
    name: 'a page that is gone',
    target: '/old/announcement.html',
    reason: 'http-status',
    html: '<a href="/old/announcement.html">What we said in 1999</a>',
    pages: ['/blog/2025/02/post-09.html'],
  },
  {
    name: 'a page that fails',
    target: '/report.cgi?year=2025&part=2',
    reason: 'http-status',
    html: '<a href="/report.cgi?year=2025&amp;part=2">The figures</a>',
    pages: ['/guide/chapter-07/page-01.html'],
  },
  {
    name: 'a page of a list beyond its end',
    target: '/blog/?page=99',
    reason: 'http-status',
    html: '<a href="?page=99">Older posts</a>',
    pages: ['/blog/?page=6'],
  },
  {
    name: 'a missing page with a name in Norwegian',
    target: '/people/%C3%A5se.html',
    reason: 'http-status',
    html: '<a href="/people/åse.html">Åse</a>',
    pages: ['/people/'],
  },
  {
    name: 'a missing image',
    target: '/images/lost.png',
    reason: 'http-status',
    html: '<IMG SRC="/images/lost.png" ALT="lost">',
    pages: ['/gallery/picture-03.html'],
  },
  {
    name: 'a missing image among the sizes of another',
    target: '/images/picture-05-large.png',
    reason: 'http-status',
    html: '<img src="/images/picture.png" srcset="/images/picture-small.png 480w, /images/picture-05-large.png 2x">',
    pages: ['/gallery/picture-05.html'],
  },
  {
    name: 'a missing script',
    target: '/assets/carousel.js',
    reason: 'http-status',
    html: '<script src="/assets/carousel.js" defer></script>',
    pages: ['/gallery/'],
  },
  {
    name: 'a missing style sheet',
    target: '/assets/print.css',
    reason: 'http-status',
    html: '<link rel="stylesheet" media="print" href="/assets/print.css">',
    pages: ['/guide/chapter-09/page-12.html'],
  },
  {
    name: 'a missing translation, named by a link element',
    target: '/de/about.html',
    reason: 'http-status',
    html: '<link rel="alternate" hreflang="de" href="/de/about.html">',
    pages: ['/about.html'],
  },
  {
    name: 'a missing page in a frame',
    target: '/frames/map.html',
    reason: 'http-status',
    html: '<iframe src="/frames/map.html" title="map"></iframe>',
    pages: ['/people/'],
  },
  {
    name: 'a missing film',
    target: '/media/tour.webm',
    reason: 'http-status',
    html: '<video poster="/images/picture.png"><source src="/media/tour.webm" type="video/webm"></video>',
    pages: ['/gallery/picture-11.html'],
  },
  {
    name: 'a missing page behind an image map',
    target: '/gallery/north.html',
    reason: 'http-status',
    html: '<map name="compass"><area shape="rect" coords="0,0,9,9" href="north.html" alt="north"></map>',
    pages: ['/gallery/picture-12.html'],
  },
  {
    name: 'a page that refreshes itself into nothing',
    target: '/blog/news.html',
    reason: 'http-status',
    html: '<meta http-equiv="Refresh" content="3600; URL=\'/blog/news.html\'">',
    pages: ['/blog/'],
  },
  {
    name: 'an anchor that the same page does not have',
    target: '/guide/chapter-05/page-02.html#summary',
    reason: 'missing-anchor',
    html: '<a href="#summary">Summary</a>',
    pages: ['/guide/chapter-05/page-02.html'],
  },
  {
    name: 'an anchor that another page does not have',
    target: '/guide/chapter-01/page-01.html#appendix',
    reason: 'missing-anchor',
    html: '<a href="../chapter-01/page-01.html#appendix">The appendix</a>',
    pages: ['/guide/chapter-05/page-03.html', '/guide/chapter-06/page-03.html'],
  },
  {
    name: 'an anchor in another case',
    target: '/about.html#CONTACT',
    reason: 'missing-anchor',
    html: '<a href="/about.html#CONTACT">Contact</a>',
    pages: ['/guide/chapter-02/page-02.html'],
  },
  {
    name: 'an anchor that is missing, percent-encoded',
    target: '/people/#gr%C3%BC%C3%9Fe',
    reason: 'missing-anchor',
    html: '<a href="/people/#gr%C3%BC%C3%9Fe">Grüße</a>',
    pages: ['/guide/chapter-02/page-03.html'],
  },
  {
    name: 'an anchor that is missing where a redirect leads to',
    target: '/moved/guide#install',
    reason: 'missing-anchor',
    html: '<a href="/moved/guide#install">How to install</a>',
    pages: ['/guide/chapter-02/page-04.html'],
  },
  {
    name: 'a redirect to a page that is missing',
    target: '/moved/lost',
    reason: 'http-status',
    html: '<a href="/moved/lost">Follow me</a>',
    pages: ['/guide/chapter-04/page-01.html'],
  },
  {
    name: 'redirects in a circle',
    target: '/moved/ring-1',
    reason: 'redirect-loop',
    html: '<a href="/moved/ring-1">Round and round</a>',
    pages: ['/guide/chapter-04/page-02.html'],
  },
  {
    name: 'too many redirects',
    target: '/moved/hop-1',
    reason: 'too-many-redirects',
    html: '<a href="/moved/hop-1">A long way</a>',
    pages: ['/guide/chapter-04/page-03.html'],
  },
  {
    name: 'a redirect out of the web',
    target: '/moved/out',
    reason: 'bad-redirect',
    html: '<a href="/moved/out">Download</a>',
    pages: ['/guide/chapter-04/page-04.html'],
  },
  {
    name: 'a link that a wrong <base> leads astray',
    target: '/legacy/archive/page-02.html',
    reason: 'http-status',
    html: '<base href="/legacy/archive/"><a href="page-02.html">Next</a>',
    pages: ['/legacy/wrong-base.html'],
  },
  {
    name: 'an anchor that a wrong <base> leads astray',
    target: '/legacy/archive/',
    reason: 'http-status',
    html: '<a href="#here" id="here">Here</a>',
    pages: ['/legacy/wrong-base.html'],
  },
  {
    name: 'a page that never answers',
    target: '/slow/forever.html',
    reason: 'timeout',
    html: '<a href="/slow/forever.html">Patience</a>',
    pages: ['/guide/chapter-10/page-10.html'],
  },
  {
    name: 'a page that drops the connection',
    target: '/trouble/reset.html',
    reason: 'connection-reset',
    html: '<a href="/trouble/reset.html">Hang up</a>',
    pages: ['/guide/chapter-10/page-11.html'],
  },
  {
    name: 'a page that ends in the middle',
    target: '/trouble/cut.html',
    reason: 'connection-reset',
    html: '<a href="/trouble/cut.html">Half a page</a>',
    pages: ['/guide/chapter-10/page-12.html'],
  },
  {
    name: 'a page that is too large',
    target: '/trouble/everything.html',
    reason: 'too-large',
    html: '<a href="/trouble/everything.html">All in one page</a>',
    pages: ['/guide/'],
  },
  {
    name: 'a reference that is no URL',
    target: 'http://[the wiki]/',
    reason: 'invalid-url',
    html: '<a href="http://[the wiki]/">Wiki</a>',
    pages: ['/blog/2025/01/post-01.html'],
  },
  {
    name: 'an image without a source',
    target: '',
    reason: 'invalid-url',
    html: '<img src="" alt="to do">',
    pages: ['/gallery/picture-20.html'],
  },
  {
    name: 'a page that another host does not have',
    target: `${neighbour}/lost.html`,
    reason: 'http-status',
    html: `<a href="${neighbour}/lost.html">Our neighbour</a>`,
    pages: ['/blog/2025/03/post-20.html'],
  },
  {
    name: 'a host that does not answer',
    target: `http://127.0.0.1:${silentPort}/`,
    reason: 'connection-refused',
    html: `<a href="http://127.0.0.1:${silentPort}/">Anybody home?</a>`,
    pages: ['/blog/2025/03/post-21.html'],
  },
];

/** Nothing is wrong with these. */
export const decoys = (neighbour: string): Planted[] => [
  {
    html:
      '<a href="#top">Up</a> <a href="#">Up</a> <a href="">Again</a> <a href="#TOP">UP</a>' +
      '<a href="mailto:hello@example.org">Write</a> <a href="tel:+4955512345">Call</a>' +
      '<a href="javascript:void(0)">Click</a> <img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">' +
      '<!-- <a href="/commented-out.html">no link</a> --><script>const html = \'<a href="/in-a-script.html">\';</script>',
    pages: ['/about.html', '/guide/chapter-08/page-08.html'],
  },
  {
    html:
      '<a href="/people/#fran%C3%A7ois">François</a> <a href="/people/#françois">again</a>' +
      '<a href="/people/jos%C3%A9.html">José</a> <a href="/people/josé.html">again</a>' +
      '<a href="/guide/chapter-01/page-01.html#100%25">100 %</a> <a href="/about.html#:~:text=word">a word</a>',
    pages: ['/guide/chapter-08/page-09.html'],
  },
  {
    html:
      '<a href="/moved/about">About us</a> <a href="/moved/about#contact">How to reach us</a>' +
      '<a href="/moved/twice">Moved twice</a> <a href="/moved/part">A part</a> <a href="/guide/chapter-01">Chapter 1</a>',
    pages: ['/guide/chapter-08/page-10.html'],
  },
  {
    html:
      '<a href="/files/table.csv#row=5">Table</a> <a href="/files/paper.pdf#page=2">Paper</a>' +
      '<img srcset="/images/picture-small.png, /images/picture.png 2x" src="/images/picture.png" alt="">' +
      '<img src="/images/no-head.png" alt="from a server that refuses HEAD"><link rel="preconnect" href="/nowhere/">',
    pages: ['/guide/chapter-08/page-11.html', '/gallery/picture-01.html'],
  },
  {
    html: `<a href="${neighbour}/">Our neighbour</a> <a href="${neighbour}/moved">has moved</a>`,
    pages: ['/blog/2025/01/post-02.html', '/about.html'],
  },
  {
    html: '<base href="/guide/chapter-01/"><a href="page-02.html#part-1">Next</a>',
    pages: ['/legacy/right-base.html'],
  },
  { html: '<a href="page-01.html?from=legacy#part-1">With a query</a>', pages: ['/guide/chapter-01/page-03.html'] },
];

const html = 'text/html; charset=utf-8';
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** What is no page, and the targets of faults and decoys. */
export function resources(): Map<string, Resource> {
  const all = new Map<string, Resource>([
    [
      '/assets/site.css',
      { type: 'text/css', body: 'body { font-family: sans-serif; max-width: 50rem; margin: auto }' },
    ],
    ['/assets/site.js', { type: 'text/javascript', body: 'document.documentElement.dataset.ready = "yes";' }],
    ['/favicon.ico', { type: 'image/png', body: png }],
    ['/images/logo.png', { type: 'image/png', body: png }],
    ['/images/picture.png', { type: 'image/png', body: png }],
    ['/images/picture-small.png', { type: 'image/png', body: png }],
    ['/images/no-head.png', { type: 'image/png', body: png, refusesHead: true }],
    ['/files/table.csv', { type: 'text/csv', body: 'a,b\n1,2\n' }],
    ['/files/paper.pdf', { type: 'application/pdf', body: '%PDF-1.4\n%%EOF\n' }],
    ['/old/announcement.html', { status: 410, type: html, body: '<p>Gone.</p>' }],
    ['/report.cgi?year=2025&part=2', { status: 500, type: html, body: '<p>Something went wrong.</p>' }],
    ['/moved/about', { status: 301, location: '/about.html' }],
    ['/moved/twice', { location: '/moved/about' }],
    ['/moved/part', { status: 307, location: 'about.html/../../about.html#contact' }],
    ['/guide/chapter-01', { status: 301, location: '/guide/chapter-01/' }],
    ['/moved/guide', { status: 308, location: '/guide/' }],
    ['/moved/lost', { location: '/moved/lost-too' }],
    ['/moved/lost-too', { location: '/lost.html' }],
    ['/moved/ring-1', { location: 'ring-2' }],
    ['/moved/ring-2', { location: 'ring-3' }],
    ['/moved/ring-3', { location: 'ring-1' }],
    ['/moved/out', { location: 'ftp://files.example/all.zip' }],
    ['/slow/forever.html', { trouble: 'hang' }],
    ['/trouble/reset.html', { trouble: 'reset' }],
    ['/trouble/cut.html', { type: html, trouble: 'cut', body: '<p>and so on'.repeat(50) }],
    ['/trouble/everything.html', { type: html, body: '<p>all and everything</p>'.repeat(60_000) }],
  ]);
  for (let hop = 1; hop <= 15; hop++) all.set(`/moved/hop-${hop}`, { location: `hop-${hop + 1}` });
  return all;
}

export const neighbourResources = new Map<string, Resource>([
  ['/', { type: html, body: '<h1>A neighbour</h1><a href="/never-followed.html">not your business</a>' }],
  ['/moved', { location: '/' }],
]);

/** The pages of the example site: a few hundred, made from a seed, the same for the same seed on every machine. */
import type { Planted } from './faults.ts';

/** Path (percent-encoded, with query) -> HTML. */
export function makePages(seed: number, planted: readonly Planted[]): Map<string, string> {
  const random = randomFrom(seed);
  const bodies = new Map<string, { title: string; body: string }>();
  const add = (path: string, title: string, body: string) => bodies.set(path, { title, body });

  add('/', 'Welcome', list(sections.map(([path, title]) => [path, title])) + prose(random));
  add('/about.html', 'About', `${prose(random)}<h2 id="contact">Contact</h2>${prose(random)}`);
  addGuide(add, random);
  addBlog(add, random);
  addGallery(add, random);
  addPeople(add, random);
  addLegacy(add, random);

  for (const { html, pages } of planted) {
    for (const path of pages) {
      const page = bodies.get(path);
      if (page === undefined) throw new Error(`there is no page ${path} to plant into`);
      page.body += `\n<p>${html}</p>`;
    }
  }
  return new Map([...bodies].map(([path, { title, body }]) => [path, layout(title, body)]));
}

type Add = (path: string, title: string, body: string) => void;
type Random = () => number;

const sections = [
  ['/guide/', 'Guide'],
  ['/blog/', 'Blog'],
  ['/gallery/', 'Gallery'],
  ['/people/', 'People'],
  ['/legacy/', 'Legacy'],
  ['/about.html', 'About'],
] as const;

function addGuide(add: Add, random: Random): void {
  const chapters = range(12).map((number) => `chapter-${two(number)}`);
  add('/guide/', 'Guide', list(chapters.map((chapter) => [`${chapter}/`, chapter])));
  for (const chapter of chapters) {
    const pages = range(15).map((number) => `page-${two(number)}.html`);
    add(`/guide/${chapter}/`, chapter, list(pages.map((page) => [page, page])));
    for (const [index, page] of pages.entries()) {
      const other = pick(chapters, random);
      const links = list([
        ['./', 'Up'],
        [pages[index - 1] ?? '../', 'Back'],
        [pages[index + 1] ?? '../', 'On'],
        [`../${other}/${pick(pages, random)}#part-${1 + Math.floor(random() * 3)}`, 'See also'],
      ]);
      const parts = range(3).map((part) => `<h2 id="part-${part}">Part ${part}</h2>${prose(random)}`);
      add(`/guide/${chapter}/${page}`, `${chapter}, ${page}`, `${links}${parts.join('')}<a name="100%"></a>`);
    }
  }
}

function addBlog(add: Add, random: Random): void {
  const posts = range(60).map((number) => `2025/${two(1 + (((number - 1) >> 3) % 12))}/post-${two(number)}.html`);
  for (const page of range(6)) {
    const shown = posts.slice((page - 1) * 10, page * 10).map((post) => [`/blog/${post}`, post] as const);
    const more = page < 6 ? `<a rel="next" href="?page=${page + 1}">Older posts</a>` : '';
    add(`/blog/?page=${page}`, `Blog, page ${page}`, list(shown) + more);
  }
  add('/blog/', 'Blog', `${list(posts.slice(0, 10).map((post) => [post, post]))}<a href="?page=1">All posts</a>`);
  for (const [index, post] of posts.entries()) {
    const next = posts[index + 1];
    const links = list([['../../', 'All posts'], ...(next === undefined ? [] : [[`../../${next}`, 'Next'] as const])]);
    add(`/blog/${post}`, `Post ${index + 1}`, links + prose(random));
  }
}

function addGallery(add: Add, random: Random): void {
  const pictures = range(24).map((number) => `picture-${two(number)}.html`);
  add('/gallery/', 'Gallery', list(pictures.map((picture) => [picture, picture])));
  for (const picture of pictures) {
    const image =
      '<picture><source srcset="/images/picture-small.png 1x, /images/picture.png 2x">' +
      '<img src="/images/picture.png" srcset="/images/picture-small.png 480w,/images/picture.png 960w" alt=""></picture>';
    add(`/gallery/${picture}`, picture, `${image}<a href=".">All pictures</a>${prose(random)}`);
  }
}

function addPeople(add: Add, random: Random): void {
  const names = [
    'aïda',
    'björn',
    'chloé',
    'dănuț',
    'françois',
    'josé',
    'łukasz',
    'ngọc',
    'øyvind',
    'søren',
    '小林',
    'Ωμέγα',
  ];
  const anchors = names.map((name) => `<li id="${name}"><a href="${name}.html">${name}</a></li>`);
  add('/people/', 'People', `<ul>${anchors.join('')}</ul>`);
  for (const name of names) add(`/people/${encodeURIComponent(name)}.html`, name, prose(random));
}

function addLegacy(add: Add, random: Random): void {
  const pages = ['page-01.html', 'page-02.html', 'right-base.html', 'wrong-base.html'];
  add('/legacy/', 'Legacy', list(pages.map((page) => [page, page])));
  for (const page of pages) add(`/legacy/${page}`, page, prose(random));
}

const layout = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<link rel="stylesheet" href="/assets/site.css">
<link rel="icon" href="/favicon.ico">
<script src="/assets/site.js" defer></script>
</head>
<body>
<header><a href="/"><img src="/images/logo.png" alt="home"></a>
<nav>${sections.map(([path, name]) => `<a href="${path}">${name}</a>`).join(' ')}</nav></header>
<h1 id="title">${title}</h1>
${body}
<footer><a href="/">Home</a> <a href="/about.html#contact">Contact</a></footer>
</body>
</html>
`;

const list = (links: readonly (readonly [href: string, text: string])[]): string =>
  `<ul>${links.map(([href, text]) => `<li><a href="${href}">${text}</a></li>`).join('')}</ul>`;

const words = (
  'a and the of to in on with by from river harbour lantern meadow copper garden window letter winter market bridge ' +
  'quiet early narrow golden distant careful keeps carries opens follows gathers waits returns'
).split(' ');

const prose = (random: Random): string =>
  range(2)
    .map(
      () =>
        `<p>${range(40 + Math.floor(random() * 60))
          .map(() => pick(words, random))
          .join(' ')}.</p>`,
    )
    .join('\n');

const pick = <T>(items: readonly T[], random: Random): T => items[Math.floor(random() * items.length)] as T;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const two = (number: number): string => String(number).padStart(2, '0');

/** mulberry32: 32 bits of state, enough for a site. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

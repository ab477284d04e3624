/**
 * The compact form of many visits, for what crosses between tasks: links repeat from page to page (navigation, style
 * sheets), so a section keeps each target once and the pages hold numbers. Targets on the audited origin lose it.
 */
import type { PageContents } from './page-contents.ts';
import { linkKinds } from './references.ts';
import type { Visit } from './visit.ts';

type PackedVisit = Omit<Visit, 'contents'> & {
  contents?: Omit<PageContents, 'links'> & { links: Record<string, number[]> };
};

export interface Section {
  targets: string[];
  visits: PackedVisit[];
}

/** The contents of one page with the origin left out of its links. */
export function shortened(contents: PageContents, origin: string): PageContents {
  const short = (url: string) => (url.startsWith(`${origin}/`) ? url.slice(origin.length) : url);
  return { ...contents, links: eachKind(contents.links, (targets) => targets.map(short)) };
}

export function pack(visits: readonly Visit[]): Section {
  const numbers = new Map<string, number>();
  const numberOf = (target: string): number => {
    const number = numbers.get(target) ?? numbers.size;
    numbers.set(target, number);
    return number;
  };
  const packed = visits.map(({ contents, ...visit }) =>
    contents === undefined
      ? visit
      : { ...visit, contents: { ...contents, links: eachKind(contents.links, (all) => all.map(numberOf)) } },
  );
  return { targets: [...numbers.keys()], visits: packed };
}

/** What was packed, with absolute links again. */
export function unpack({ targets, visits }: Section, origin: string): Visit[] {
  const absolute = targets.map((target) => (target.startsWith('/') ? origin + target : target));
  const targetOf = (number: number): string => absolute[number] ?? '';
  return visits.map(({ contents, ...visit }) =>
    contents === undefined
      ? visit
      : { ...visit, contents: { ...contents, links: eachKind(contents.links, (all) => all.map(targetOf)) } },
  );
}

function eachKind<From, To>(
  links: Readonly<Partial<Record<string, From[]>>>,
  change: (targets: From[]) => To[],
): Record<string, To[]> {
  return Object.fromEntries(
    linkKinds.flatMap((kind) => {
      const targets = links[kind];
      return targets === undefined ? [] : [[kind, change(targets)] as const];
    }),
  );
}

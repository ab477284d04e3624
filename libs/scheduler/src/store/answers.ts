/** What scripts answer, as the callers of the store get it; claims are in claims.ts. */
import { decodeEvent, type TaskEvent } from '../contract/history.ts';
import type { News, TurnAnswer } from '../contract/store.ts';
import { toldEvent } from './messages.ts';

export const toAnswer = ([kind, events]: [TurnAnswer['kind'], string[]]): TurnAnswer =>
  kind === 'committed' ? { kind, events: toEvents(events) } : { kind };

export type FlatNews = (string | number)[];

export const toNews = (flat: FlatNews): News[] => {
  const news: News[] = [];
  for (let i = 0; i < flat.length; i += 4) {
    const [id, from, event, ends] = flat.slice(i, i + 4) as [string, number, string, string];
    news.push({ id, from, events: [toldEvent(event, ends)] });
  }
  return news;
};

const toEvents = (texts: string[]): TaskEvent[] => texts.map(decodeEvent);

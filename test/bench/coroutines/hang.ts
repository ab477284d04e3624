import { coroutine } from '@corral/scheduler';

/** Awaits an answer that never comes, until it is cancelled. */
export const hang = coroutine('hang', async (loop, { url }: { url: string }) => {
  const response = await fetch(url, { signal: loop.signal });
  return await response.text();
});

/** The same, so many gathers further down. */
export const hangBelow = coroutine(
  'hangBelow',
  async (loop, { url, levels }: { url: string; levels: number }): Promise<unknown> =>
    await loop.gather([levels > 1 ? hangBelow({ url, levels: levels - 1 }) : hang({ url })]),
);

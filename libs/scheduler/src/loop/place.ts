/** Where in user code something was called: `file:line:column`. Costs a stack, so it is for definitions and debug mode. */

/** This library, as it is written and as it is built: with source maps the stack names the first for the second. */
const own = decodeURIComponent(new URL('../../', import.meta.url).pathname);

const isOwn = (frame: string): boolean => frame.includes(`${own}src/`) || frame.includes(`${own}dist/`);

/** Undefined when no user code is on the stack. */
export function callerPlace(): string | undefined {
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  const frame = frames.find((line) => !isOwn(line) && !line.includes('(node:') && /:\d+:\d+\)?$/.test(line));
  return frame
    ?.replace(/^\s*at (.*\()?/, '')
    .replace(/\)$/, '')
    .replace(/^file:\/\//, '');
}

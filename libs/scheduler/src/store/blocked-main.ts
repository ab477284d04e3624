/**
 * Where a main thread stands that does not turn: another thread stops it for some milliseconds by its inspector, reads its
 * stack, and lets it go on. What is said goes right to the process's stderr, as the streams of a thread need the main one.
 */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { hostname } from 'node:os';

const mostFrames = 8;
/** The main thread may hang in a call of the system, where nothing stops it. */
const patienceMs = 2000;
const error = 50;
const stderr = 2;

/** A line as the service's log has them. */
export async function sayWhereMainStands(what: string): Promise<void> {
  const stack = await stackOfMain();
  const where = stack.length === 0 ? 'where it stands cannot be seen' : `it stands in ${stack[0]}`;
  const about = { level: error, time: new Date().toISOString(), pid: process.pid, hostname: hostname() };
  try {
    writeSync(stderr, `${JSON.stringify({ ...about, stack, msg: `${what}; ${where}` })}\n`);
  } catch {
    // Nobody reads it (EPIPE, a full pipe): the beats, or the end of the process, must not hang on that.
  }
}

/** Innermost first, without the frames of Node itself; empty when it cannot be had. */
async function stackOfMain(): Promise<string[]> {
  const session = new Session();
  const files = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
  const { promise: stopped, resolve } = Promise.withResolvers<string[]>();
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const frames = callFrames.map(({ functionName, location: { scriptId, lineNumber } }) => ({
      file: files.get(scriptId) ?? '',
      text: `${functionName || '(anonymous)'} (${files.get(scriptId)}:${lineNumber + 1})`,
    }));
    resolve(frames.filter(({ file }) => file !== '' && !file.startsWith('node:')).map(({ text }) => text));
  });
  const late = setTimeout(() => resolve([]), patienceMs);
  try {
    session.connectToMainThread();
    await session.post('Debugger.enable');
    await session.post('Debugger.pause');
    return (await stopped).slice(0, mostFrames);
  } catch {
    return []; // someone debugs it already
  } finally {
    clearTimeout(late);
    session.disconnect(); // lets it go on
  }
}

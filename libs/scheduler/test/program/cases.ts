/** The recorded cases of test/differential: programs of which CPython's outcome is known. */
import { readdirSync, readFileSync } from 'node:fs';

interface Case {
  name: string;
  program: unknown;
  expect: { state: string };
}

const folder = new URL('../../../../test/differential/cases/', import.meta.url);

export const cases: readonly Case[] = readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .flatMap((file) => readFileSync(new URL(file, folder), 'utf8').trim().split('\n'))
  .map((line) => JSON.parse(line));

export const isValid = ({ expect }: Case): boolean => expect.state !== 'invalid';

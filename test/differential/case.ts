/** Cases: programs with the outcomes that CPython's asyncio gave them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Expression } from '../../libs/scheduler/src/program/expression.ts';

export interface Outcome {
  /** `invalid`: refused, and nothing of it ran. */
  state: 'succeeded' | 'failed' | 'cancelled' | 'invalid';
  /** Present when succeeded. */
  result?: unknown;
  /** Present when failed. */
  error?: unknown;
  /** The entries of each task that logged; the order of the tasks is free. */
  logs?: unknown[][];
}

export interface Case {
  name: string;
  /** What of asyncio it is about. */
  rule: string;
  /** Its durations are in units. Not an expression at all where the outcome is `invalid`. */
  program: Expression;
  /** A cancel of the root from outside, so many units after the start. */
  cancel?: { after: number; message?: string };
  /** `durationMs` at 100 ms a unit. */
  expect: Outcome & { durationMs?: number };
}

/** A unit in which the recorded durations are given, in milliseconds. */
export const recordedUnit = 100;

/** How long the case takes, in units. */
export const unitsOf = ({ expect }: Case): number => (expect.durationMs ?? 0) / recordedUnit;

export const casesFolder = join(import.meta.dirname, 'cases');

/** Of one file: a case a line. */
export const readCases = (path: string): Case[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);

/** By topic, which is the name of the file. */
export const casesByTopic: ReadonlyMap<string, readonly Case[]> = new Map(
  readdirSync(casesFolder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => [name.replace('.jsonl', ''), readCases(join(casesFolder, name))]),
);

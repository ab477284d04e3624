/** Walks over valid programs, along the table of the grammar. */
import { type Expression, headOf } from '../../libs/scheduler/src/program/expression.ts';
import {
  type ExpressionKind,
  grammar,
  type Keys,
  type Kind,
  listOf,
  type Part,
  parts,
  programCall,
  programName,
  reraiseWithin,
} from '../../libs/scheduler/src/program/grammar.ts';

/** The program with every duration multiplied by `unit`; literals are not touched. */
export const scaled = (program: Expression, unit: number): Expression =>
  mapDurations(program, (duration) => duration * unit);

/** The program with other durations. */
export const mapDurations = (program: Expression, change: Change): Expression =>
  mapParts(program, rowOf(program), change);

type Change = (duration: number) => number;

function mapParts<T extends object>(object: T, part: Part, change: Change): T {
  const kinds = keysOf(part);
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, mapValue(kinds[key] as Kind, value, change)]),
  ) as T;
}

function mapValue(kind: Kind, value: unknown, change: Change): unknown {
  if (kind === 'duration' || kind === 'limit') return value === null ? null : change(value as number);
  if (isKindOf(listOf, kind)) return (value as unknown[]).map((member) => mapValue(listOf[kind], member, change));
  if (isKindOf(parts, kind)) return mapParts(value as object, parts[kind], change);
  return isKindOf(reraiseWithin, kind) ? mapDurations(value as Expression, change) : value;
}

/** The program and all expressions within it; `spawned` are those that run as tasks of their own. */
export function* walk(program: Expression): Generator<{ expression: Expression; spawned: boolean }> {
  yield* walkValue('program', program);
}

function* walkValue(kind: Kind, value: unknown): Generator<{ expression: Expression; spawned: boolean }> {
  if (isKindOf(listOf, kind)) for (const member of value as unknown[]) yield* walkValue(listOf[kind], member);
  else if (isKindOf(parts, kind)) yield* walkParts(value as object, parts[kind]);
  else if (isKindOf(reraiseWithin, kind)) {
    const expression = value as Expression;
    yield { expression, spawned: isSpawned(kind) };
    yield* walkParts(expression, rowOf(expression));
  }
}

function* walkParts(object: object, part: Part): ReturnType<typeof walkValue> {
  const kinds = keysOf(part);
  for (const [key, value] of Object.entries(object)) yield* walkValue(kinds[key] as Kind, value);
}

/** `reraise` is for the task of its handler: where it may not stand, another task begins. */
const isSpawned = (kind: ExpressionKind): boolean => reraiseWithin[kind] === false;

const isKindOf = <T extends object>(table: T, kind: Kind): kind is Kind & keyof T => Object.hasOwn(table, kind);

const keysOf = ({ required, optional }: Part): Keys => ({ ...required, ...optional });

const rowOf = (expression: Expression): Part =>
  'call' in expression && expression.call === programName ? programCall : grammar[headOf(expression)];

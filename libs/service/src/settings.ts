/**
 * Settings come from the environment, are checked all at once at the start, and are described in one table
 * (settings-table.ts): what the table says is what is parsed and what docs/reference/configuration.md shows.
 */
import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

export interface Setting<T> {
  readonly variable: string;
  /** Completes the sentence "expected ...". */
  readonly expects: string;
  readonly schema: z.ZodType<T, string>;
  /** As one would write it in the environment; undefined: none. */
  readonly default: string | undefined;
  readonly description: string;
  /** The value may hold a password and is never shown. */
  readonly secret?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds settings of any type; `Settings` recovers each.
export type SettingsTable = Readonly<Record<string, Setting<any>>>;

export type Settings<Table extends SettingsTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never;
};

/** One message for all that is wrong, a line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Reads `table` from `env`; an empty variable counts as not set. Throws SettingsError. */
export function loadSettings<const Table extends SettingsTable>(table: Table, env: NodeJS.ProcessEnv): Settings<Table> {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [key, setting] of Object.entries(table)) {
    const given = env[setting.variable];
    const text = given === undefined || given === '' ? setting.default : given;
    if (text === undefined) continue;
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) values[key] = parsed.data;
    else faults.push(fault(setting, text));
  }
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  return values as Settings<Table>;
}

function fault({ variable, expects, secret }: Setting<unknown>, text: string): string {
  const shown = secret ? ` (not shown: it may hold a password)` : `=${JSON.stringify(text)}`;
  return `${variable}${shown}: expected ${expects}`;
}

/** Warnings about variables that begin like ours and are not: most often a slip of the pen. */
export function unknownSettings(known: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env)
    .filter((variable) => variable.startsWith('CORRAL_') && !known.includes(variable))
    .map((variable) => {
      const nearest = closest(variable, known);
      const hint = distance(variable, nearest) <= 4 ? `; did you mean ${nearest}?` : '';
      return `${variable} is no setting of Corral and has no effect${hint}`;
    });
}

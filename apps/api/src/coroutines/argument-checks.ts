/**
 * Checks arguments against the schema that workers announce for a coroutine, before a task exists. A help for callers
 * and not a guarantee: what is known may be a second old, and the worker checks again with the schema itself.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import { type ApiClient, CLIENT } from '../client.ts';
import { ProblemError } from '../problem/problem.ts';
import { type ArgumentFaults, argumentFaults } from './argument-faults.ts';

const freshMs = 1000;

interface Announced {
  /** The JSON Schema. */
  text: string;
  /** Compiled when it is first needed. */
  faults?: ArgumentFaults;
}

@Injectable()
export class ArgumentChecks {
  readonly #logger = new Logger(ArgumentChecks.name);
  /** By coroutine, and those of the latest announcement alone: never more than the workers have. */
  #announced: ReadonlyMap<string, Announced> = new Map();
  #refreshed: Promise<void> | undefined;
  #refreshedAt = 0;

  constructor(@Inject(CLIENT) private readonly client: ApiClient) {}

  /** Throws the problem `invalid-arguments`. A coroutine that was not known at the last `refresh`, or has no schema, takes
   *  anything. `place`: pointer to the arguments in the body. */
  check(coroutine: string, args: object, place: string): void {
    const announced = this.#announced.get(coroutine);
    if (announced === undefined) return;
    announced.faults ??= this.#compile(coroutine, announced.text);
    const errors = announced.faults(args, place);
    if (errors.length > 0) throw new ProblemError('invalid-arguments', { errors });
  }

  /** All that ask within a second share one look. */
  async refresh(): Promise<void> {
    const now = performance.now();
    if (this.#refreshed === undefined || now - this.#refreshedAt >= freshMs) {
      this.#refreshedAt = now;
      this.#refreshed = this.#load();
    }
    const refreshed = this.#refreshed;
    try {
      await refreshed;
    } catch (error) {
      if (this.#refreshed === refreshed) this.#refreshed = undefined;
      throw error;
    }
  }

  async #load(): Promise<void> {
    const announced = new Map<string, Announced>();
    for (const { name, argsSchema } of await this.client.coroutines()) {
      if (argsSchema === undefined) continue;
      const text = JSON.stringify(argsSchema);
      const before = this.#announced.get(name);
      announced.set(name, before?.text === text ? before : { text });
    }
    this.#announced = announced;
  }

  #compile(coroutine: string, text: string): ArgumentFaults {
    try {
      return argumentFaults(JSON.parse(text));
    } catch (error) {
      this.#logger.warn(`the schema announced for ${coroutine} cannot be used, its arguments pass unchecked: ${error}`);
      return () => [];
    }
  }
}

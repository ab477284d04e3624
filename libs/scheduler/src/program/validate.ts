/**
 * Says what is wrong with a program before any of it runs. The walk follows the grammar. Whatever is given to it, it
 * comes to an end soon: depth is checked before it descends, expressions and tasks are counted, and it stops when there
 * is enough to tell.
 */
import {
  type ExpressionKind,
  grammar,
  type Head,
  isHead,
  isKeyOf,
  type Kind,
  listOf,
  mayReraise,
  type Part,
  parts,
  programCall,
  programName,
  reraiseWithin,
} from './grammar.ts';
import { literalFault } from './literal.ts';
import { isObject, type ValueKind, valueKinds } from './value-kinds.ts';
import { clipped, listed, noExpression, noHead, shown, unknownKey } from './wording.ts';

export interface ProgramLimits {
  /** Expressions within one another. */
  depth: number;
  expressions: number;
  /** Tasks that the program itself creates; what the coroutines that it calls create is not known. */
  tasks: number;
  /** Lists and objects within one another, in a literal value. */
  literalDepth: number;
}

export const defaultProgramLimits: Readonly<ProgramLimits> = {
  depth: 100,
  expressions: 10_000,
  tasks: 5_000,
  literalDepth: 64,
};

export interface ProgramIssue {
  /** JSON pointer (RFC 6901) of the expression at fault; "" is the whole program. */
  readonly pointer: string;
  /** What is wrong; begins with the place within the expression, as in `except/0/type: ...`. */
  readonly detail: string;
}

const maxIssues = 20;

/** No issues: `value` is a program. At most 20 are named. */
export function validateProgram(
  value: unknown,
  limits: Partial<ProgramLimits> = {},
): { issues: readonly ProgramIssue[] } {
  const validation = new Validation({ ...defaultProgramLimits, ...limits });
  validation.expression(value, 'program', false);
  return { issues: validation.issues };
}

type Fields = Readonly<Record<string, unknown>>;

class Validation {
  readonly issues: ProgramIssue[] = [];
  readonly #limits: ProgramLimits;
  readonly #path: (string | number)[] = [];
  /** How much of the path leads to the present expression. */
  #toExpression = 0;
  #depth = 0;
  #expressions = 0;
  #tasks = 0;
  #stopped = false;

  constructor(limits: ProgramLimits) {
    this.#limits = limits;
  }

  expression(value: unknown, kind: ExpressionKind, aroundInHandler: boolean): void {
    const outer = this.#toExpression;
    this.#toExpression = this.#path.length;
    this.#depth++;
    const head = this.#isWithinLimits() ? this.#head(value) : undefined;
    if (head !== undefined) this.#row(value as Fields, head, kind, mayReraise(kind, aroundInHandler));
    this.#depth--;
    this.#toExpression = outer;
  }

  #isWithinLimits(): boolean {
    const { depth, expressions } = this.#limits;
    if (++this.#expressions > expressions) this.#stop(`there are more than ${expressions} expressions up to here`);
    else if (this.#depth > depth) this.#report(`there are more than ${depth} expressions within one another`);
    else return true;
    return false;
  }

  #head(value: unknown): Head | undefined {
    if (!isObject(value)) return this.#report(noExpression(value));
    const keys = Object.keys(value);
    const heads = keys.filter(isHead);
    const [head, ...others] = heads.length === 1 ? heads : heads.filter((key) => key !== 'timeout');
    if (head === undefined) return this.#report(noHead(keys));
    if (others.length > 0) return this.#report(`one head is needed, and these are ${heads.length}: ${listed(heads)}`);
    return head;
  }

  #row(value: Fields, head: Head, kind: ExpressionKind, inHandler: boolean): void {
    const isTask = kind === 'task' || (kind === 'member' && head !== 'await') || head === 'call';
    if (isTask && ++this.#tasks > this.#limits.tasks)
      this.#stop(`there are more than ${this.#limits.tasks} tasks up to here`);
    const row = head === 'call' && value['call'] === programName ? programCall : grammar[head];
    this.#keys(value, row, `"${head}"`, inHandler);
    if (head === 'reraise' && !inHandler) this.#report('"reraise" stands only within a handler, in the same task');
    if (head === 'try' && !Object.hasOwn(value, 'except') && !Object.hasOwn(value, 'finally'))
      this.#report('"try" needs "except" or "finally"');
  }

  #keys(value: Fields, { required, optional }: Part, owner: string, inHandler: boolean): void {
    const known = { ...required, ...optional };
    for (const key of Object.keys(value)) {
      if (this.#stopped) return;
      if (!Object.hasOwn(known, key)) this.#report(unknownKey(key, Object.keys(known), owner));
    }
    for (const [key, kind] of Object.entries(known)) {
      if (Object.hasOwn(value, key)) this.#within(key, () => this.#value(value[key], kind, inHandler));
      else if (Object.hasOwn(required, key)) this.#report(`${owner} needs "${key}"`);
    }
  }

  #value(value: unknown, kind: Kind, inHandler: boolean): void {
    if (isKeyOf(reraiseWithin, kind)) this.expression(value, kind, inHandler);
    else if (isKeyOf(listOf, kind)) this.#list(value, listOf[kind], inHandler);
    else if (isKeyOf(parts, kind)) this.#part(value, parts[kind], inHandler);
    else this.#plain(value, kind);
  }

  #list(value: unknown, kind: Kind, inHandler: boolean): void {
    if (!Array.isArray(value)) this.#report(`must be a list, not ${shown(value)}`);
    else
      for (let index = 0; index < value.length && !this.#stopped; index++)
        this.#within(index, () => this.#value(value[index], kind, inHandler));
  }

  #part(value: unknown, part: Part, inHandler: boolean): void {
    if (!isObject(value)) this.#report(`must be an object, not ${shown(value)}`);
    else this.#keys(value, part, 'it', inHandler);
  }

  #plain(value: unknown, kind: ValueKind): void {
    const { must, accepts } = valueKinds[kind];
    const fault = literalFault(value, this.#limits.literalDepth);
    if (!accepts(value)) this.#report(`must be ${must}, not ${shown(value)}`);
    else if (fault !== undefined) this.#report(fault.detail, fault.path);
  }

  #within(key: string | number, check: () => void): void {
    if (this.#stopped) return;
    this.#path.push(key);
    check();
    this.#path.pop();
  }

  #report(what: string, below: readonly (string | number)[] = []): undefined {
    if (this.#stopped) return;
    const place = [...this.#path.slice(this.#toExpression), ...below].join('/');
    const detail = place === '' ? what : `${clipped(place)}: ${what}`;
    this.issues.push({ pointer: pointer(this.#path.slice(0, this.#toExpression)), detail });
    if (this.issues.length === maxIssues) this.#stopped = true;
  }

  #stop(what: string): void {
    this.#report(what);
    this.#stopped = true;
  }
}

const pointer = (path: readonly (string | number)[]): string =>
  path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

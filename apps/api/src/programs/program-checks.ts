import { programCoroutines, validateProgram } from '@corral/scheduler';
import { pointer } from '../problem/pointer.ts';
import { type FieldError, ProblemError } from '../problem/problem.ts';

const maxErrors = 20;

/** The built-in coroutine that runs programs. */
export const programName = 'program';

const builtIn: ReadonlySet<string> = new Set(programCoroutines.map(({ coroutineName }) => coroutineName));

/** Whether only programs may make tasks of it: it runs parts of them. */
export const isInternal = (coroutine: string): boolean => coroutine !== programName && builtIn.has(coroutine);

/** Throws the problem `invalid-program`. `place`: a JSON pointer as a URI fragment, where the program is in the body. */
export function checkProgram(program: unknown, place: string): void {
  const { issues } = validateProgram(program);
  if (issues.length === 0) return;
  const errors = issues.map(({ pointer: within, detail }) => ({ pointer: `${place}${within}`, detail }));
  throw new ProblemError('invalid-program', { errors });
}

/** Checks the arguments of a task of the coroutine `program`: `{ "program": E }`. `place`: pointer to them in the body. */
export function checkProgramArguments(args: object, place: string): void {
  const errors: FieldError[] = Object.keys(args)
    .filter((key) => key !== 'program')
    .map((key) => ({ pointer: pointer([key], place), detail: 'is not known here' }));
  if (!('program' in args)) errors.unshift({ pointer: `${place}/program`, detail: 'is required' });
  else if (errors.length === 0) checkProgram(args.program, `${place}/program`);
  if (errors.length > 0) throw new ProblemError('invalid-arguments', { errors: errors.slice(0, maxErrors) });
}

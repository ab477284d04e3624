/**
 * Checks what a controller takes against the zod schema of the parameter: `@Body({ schema })`, `@Query({ schema })`.
 * In place of Nest's StandardSchemaValidationPipe, which removes the keys `constructor` and `prototype` from the input
 * (here they are plain data) and does not tell the body from the query.
 */
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { pointer } from './pointer.ts';
import { type FieldError, ProblemError } from './problem.ts';

/** A hostile body may have a fault in each of its thousands of fields. */
const maxErrors = 20;

export class ValidationPipe implements PipeTransform {
  transform(value: unknown, { schema, type }: ArgumentMetadata): unknown {
    if (!(schema instanceof z.ZodType)) return value;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new ProblemError('invalid-request', { errors: fieldErrors(parsed.error.issues, type) });
  }
}

function fieldErrors(issues: readonly z.core.$ZodIssue[], type: ArgumentMetadata['type']): FieldError[] {
  const faults = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.slice(0, maxErrors).map((key) => ({ path: [...issue.path, key], detail: 'is not known here' }))
      : [{ path: issue.path, detail: issue.message }],
  );
  return faults
    .slice(0, maxErrors)
    .map(({ path, detail }) =>
      type === 'query' ? { parameter: String(path[0]), detail } : { pointer: pointer(path), detail },
    );
}

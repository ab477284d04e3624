import { z } from 'zod';
import { type ProblemType, problemTypes } from './problem-types.ts';

export const problemMediaType = 'application/problem+json';

/** One fault of a request: where it is, and what is wrong with it. */
const fieldError = z.object({
  pointer: z
    .string()
    .exactOptional()
    .meta({ description: 'Place in the body: a JSON pointer (RFC 6901) as a URI fragment, `#` for the whole body.' }),
  parameter: z.string().exactOptional().meta({ description: 'Name of a query parameter.' }),
  header: z.string().exactOptional().meta({ description: 'Name of a header.' }),
  detail: z.string(),
});
export type FieldError = z.infer<typeof fieldError>;

export const problemDocument = z
  .object({
    type: z
      .string()
      .meta({ description: 'Stable: `/problems/<name>`.', examples: Object.keys(problemTypes).map(typeReference) }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: 'The request id, as in the header X-Request-Id and in the log.' }),
    errors: z.array(fieldError).exactOptional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });
export type ProblemDocument = z.infer<typeof problemDocument>;

/** What code throws when a request cannot be answered. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly type: ProblemType,
    readonly more: {
      detail?: string;
      errors?: readonly FieldError[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(more.detail ?? problemTypes[type].detail);
  }

  get status(): number {
    return problemTypes[this.type].status;
  }

  document(requestId: string): ProblemDocument {
    return {
      type: typeReference(this.type),
      title: problemTypes[this.type].title,
      status: this.status,
      detail: this.message,
      instance: requestId,
      ...(this.more.errors === undefined ? {} : { errors: [...this.more.errors] }),
    };
  }
}

function typeReference(type: string): string {
  return `/problems/${type}`;
}

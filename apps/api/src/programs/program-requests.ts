/** What the routes of programs take. */
import { z } from 'zod';

/** The program itself is checked by the scheduler, which knows the language. */
export const programSubmission = z
  .strictObject({
    program: z
      .custom<unknown>((value) => value !== undefined, 'is required')
      .meta({
        type: 'object',
        description: 'One expression; GET /v1/programs/schema answers the JSON Schema of the language.',
      }),
  })
  .meta({
    id: 'ProgramSubmission',
    examples: [{ program: { gather: [{ sleep: 100, result: 1 }, { return: 2 }] } }],
  });
export type ProgramSubmission = z.output<typeof programSubmission>;

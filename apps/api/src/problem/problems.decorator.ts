import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { problemMediaType } from './problem.ts';
import { type ProblemType, problemTypes } from './problem-types.ts';

/** What any route of the API may answer. */
const everywhere: readonly ProblemType[] = [
  'malformed-request',
  'invalid-request',
  'internal-error',
  'store-unavailable',
];

const content = { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } };

/** Describes the problems of a route in the OpenAPI document. */
export function Problems(...types: ProblemType[]): MethodDecorator {
  const responses = Object.entries(problemResponses([...everywhere, ...types]));
  return applyDecorators(
    ...responses.map(([status, response]) => ApiResponse({ status: Number(status), ...response })),
  );
}

/** By status, as in the `responses` of OpenAPI. */
export function problemResponses(types: readonly ProblemType[]) {
  const responses: Record<string, { description: string; content: typeof content }> = {};
  for (const type of types) {
    const { status, title } = problemTypes[type];
    const before = responses[status] === undefined ? '' : `${responses[status].description} `;
    responses[status] = { description: `${before}\`${type}\`: ${title}.`, content };
  }
  return responses;
}

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

interface ProblemResponse {
  description: string;
  content: typeof content;
  headers?: Record<string, { description: string; schema: { type: 'integer' } }>;
}

const retryAfter = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' as const } } };

/** By status, as in the `responses` of OpenAPI. */
export function problemResponses(types: readonly ProblemType[]): Record<string, ProblemResponse> {
  const responses: Record<string, ProblemResponse> = {};
  for (const type of types) {
    const { status, title } = problemTypes[type];
    const before = responses[status] === undefined ? '' : `${responses[status].description} `;
    const headers = status === 503 ? { headers: retryAfter } : {};
    responses[status] = { description: `${before}\`${type}\`: ${title}.`, content, ...headers };
  }
  return responses;
}

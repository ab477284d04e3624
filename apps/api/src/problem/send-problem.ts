import type { FastifyReply } from 'fastify';
import { type ProblemError, problemMediaType } from './problem.ts';

export function sendProblem(reply: FastifyReply, problem: ProblemError): void {
  const requestId = reply.request.id;
  void reply
    .status(problem.status)
    .headers({ 'content-type': problemMediaType, 'x-request-id': requestId, ...problem.more.headers })
    // Bytes: to a text of JSON Fastify would add a charset, which this media type does not have.
    .send(Buffer.from(JSON.stringify(problem.document(requestId))));
}

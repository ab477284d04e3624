import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problem/problem.ts';

/** `application/x-www-form-urlencoded` is what `curl -d '{...}'` says of its JSON; web forms are refused elsewhere. */
const mediaTypes = ['application/json', 'application/x-www-form-urlencoded'];

/** Is whole again after each text, also after one that was no UTF-8. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads bodies as JSON in UTF-8 and nothing else. The keys `__proto__` and `constructor` are plain data (JSON.parse makes
 * them own properties), so nobody here may copy a body key by key onto an ordinary object.
 */
export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(mediaTypes, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (request.headers['content-encoding'] !== undefined) throw new ProblemError('unsupported-media-type');
    if (body.length === 0) return undefined;
    try {
      return JSON.parse(utf8.decode(body));
    } catch (error) {
      if (error instanceof SyntaxError) throw new ProblemError('malformed-json', { detail: error.message });
      if (error instanceof TypeError) throw new ProblemError('malformed-json', { detail: 'The body is not UTF-8.' });
      throw error;
    }
  });
}

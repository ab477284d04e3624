import type { Logger } from '@corral/service';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problem/problem.ts';
import { sendProblem } from '../problem/send-problem.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { closeGracefully } from './graceful-close.ts';
import { readJsonBodies } from './json-body.ts';
import { requestId } from './request-id.ts';
import { RequestLog } from './request-log.ts';

/** To send a whole request; how long its answer takes is another matter. */
const requestTimeoutMs = 30_000;

/** Fastify as the API wants it. */
export function createAdapter(loggerInstance: Logger, bodyLimit: number): FastifyAdapter {
  const adapter = new FastifyAdapter({
    loggerInstance,
    bodyLimit,
    logController: new RequestLog(),
    genReqId: requestId,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, new ProblemError('malformed-request')),
    // While it closes, a request on an open connection is still answered, and the connection ends after that.
    return503OnClosing: false,
    requestTimeout: requestTimeoutMs,
    // No path is too long for the router: what is no id names no task.
    routerOptions: { maxParamLength: 16_384 },
  });
  const fastify = adapter.getInstance();
  readJsonBodies(fastify);
  closeGracefully(fastify);
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
    done();
  });
  return adapter;
}

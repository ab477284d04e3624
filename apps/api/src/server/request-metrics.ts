import type { ServerResponse } from 'node:http';
import type { RequestMetrics, SubmissionResult } from '@corral/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const kinds = new Map([
  ['/v1/tasks', 'task'],
  ['/v1/tasks/batch', 'batch'],
  ['/v1/programs', 'program'],
] as const);

/** Measures every request once it is answered. `waitedMs`: for how long it waited for a task, as it was asked to. */
export function measureRequests(
  fastify: FastifyInstance,
  metrics: RequestMetrics,
  waitedMs: (response: ServerResponse) => number,
): void {
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const { method } = request;
    const route = request.is404 ? undefined : request.routeOptions.url;
    // An event stream lasts as long as its client likes.
    const streams = reply.getHeader('content-type') === 'text/event-stream';
    const ms = streams ? 0 : Math.max(0, reply.elapsedTime - waitedMs(reply.raw));
    metrics.served({ method, route, status: reply.statusCode, ms });
    const kind = method === 'POST' ? kinds.get(route as '/v1/tasks') : undefined;
    if (kind !== undefined) metrics.submitted(kind, resultOf(reply));
    done();
  });
}

function resultOf(reply: FastifyReply): SubmissionResult {
  if (reply.statusCode >= 500) return 'failed';
  if (reply.statusCode >= 400) return 'rejected';
  return reply.hasHeader('idempotency-replayed') ? 'duplicate' : 'accepted';
}

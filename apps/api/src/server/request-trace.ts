/**
 * The trace that a request belongs to: the one of its `traceparent`, below the span of the request when there is tracing.
 * Without either, there is none.
 */
import { isTaskId, readTraceContext, type TaskView, type TraceContext, traceIdOf } from '@corral/scheduler';
import type { RequestSpan, Tracing } from '@corral/service';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

interface Traced {
  context: TraceContext;
  span: RequestSpan | undefined;
}

const traced = new WeakMap<FastifyRequest, Traced>();

/** For parameters of handlers: what a task that is submitted inherits. */
export const Trace = createParamDecorator(
  (_: unknown, context: ExecutionContext): TraceContext | undefined =>
    traced.get(context.switchToHttp().getRequest<FastifyRequest>())?.context,
);

/** Health and metrics are asked for all the time, and are nobody's trace. */
const isTraced = (url: string): boolean => url.startsWith('/v1/');

export function traceRequests(fastify: FastifyInstance, tracing: Tracing | undefined): void {
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const given = readTraceContext(request.headers);
    const { method, url } = request;
    const [path = ''] = url.split('?', 1);
    const span = isTraced(url) ? tracing?.request({ method, path, given }) : undefined;
    const context = span?.context ?? given;
    if (context !== undefined) {
      traced.set(request, { context, span });
      request.log = request.log.child({ trace_id: traceIdOf(context) });
      reply.log = request.log;
    }
    done();
  });
  if (tracing === undefined) return;
  fastify.addHook('preSerialization', async (request: FastifyRequest, _: FastifyReply, answer: unknown) => {
    if (isTask(answer)) traced.get(request)?.span?.about(answer);
    return answer;
  });
  fastify.addHook('onResponse', async (request: FastifyRequest, reply: FastifyReply) => {
    const route = request.is404 ? undefined : request.routeOptions.url;
    traced.get(request)?.span?.end({ route, status: reply.statusCode });
  });
}

const isTask = (answer: unknown): answer is TaskView =>
  typeof answer === 'object' && answer !== null && 'id' in answer && isTaskId(String(answer.id));

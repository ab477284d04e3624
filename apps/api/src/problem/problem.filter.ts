import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { sendProblem } from './send-problem.ts';
import { toProblem } from './to-problem.ts';

/** The one place that words errors of routes. What a 5xx was is told to the log, not to the client. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = toProblem(error);
    if (problem.status >= 500) reply.log[problem.status === 503 ? 'warn' : 'error']({ err: error }, problem.message);
    if (!reply.sent) sendProblem(reply, problem);
  }
}

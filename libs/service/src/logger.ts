/** One JSON object a line on stdout, or lines for people (LOG_PRETTY). Nest and Fastify log through the same pino. */
import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type { Logger } from 'pino';

/** `mixin`: what each line has besides what it says. */
export function createLogger(
  { logLevel, logPretty }: { logLevel: string; logPretty: boolean },
  mixin: () => object = () => ({}),
): Logger {
  // A stream and not a transport: a transport writes from a thread and loses the last lines at exit.
  const stream = logPretty
    ? PinoPretty({ sync: true, ignore: 'pid,hostname' })
    : pino.destination({ dest: 1, sync: true });
  return pino({ level: logLevel, timestamp: pino.stdTimeFunctions.isoTime, mixin }, stream);
}

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * What Nest wants to say, said by pino; its `log` is about modules and routes, and of no interest to an operator. The
 * last string argument is Nest's context: the name of a class.
 */
export class NestLogger implements LoggerService {
  readonly pino: Logger;

  constructor(logger: Logger) {
    this.pino = logger;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  #write(level: Level, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
    if (message instanceof Error) this.pino[level]({ ...context, err: message }, message.message);
    else this.pino[level](context, typeof message === 'string' ? message : JSON.stringify(message));
  }
}

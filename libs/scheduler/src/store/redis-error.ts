/** Tells errors that mean "the store cannot answer now" from those that mean "this is wrong". */
import { CorralInternalError, StoreFullError, StoreUnavailableError } from '../contract/exceptions.ts';

/** Answers of Redis that pass by themselves or by an operator's hand: nothing was changed, the call may be made again. */
const passing: readonly [RegExp, string][] = [
  [/^READONLY/, 'Redis is read-only here: a replica, or a failover is under way'],
  [/^MISCONF/, 'Redis cannot write to its disk'],
  [/^(LOADING|MASTERDOWN)/, 'Redis is loading its data'],
  [/^BUSY/, 'Redis is busy with a script'],
  [/^(CLUSTERDOWN|NOREPLICAS)/, 'Redis has too few of its nodes'],
  [/^(ASK|TRYAGAIN)/, 'these keys are on their way to another node of the Redis Cluster'],
  [/^MOVED/, 'the node of the Redis Cluster that has these keys does not answer'],
  [/^(NOAUTH|WRONGPASS)/, 'Redis refuses the password'],
  [/^ERR Function not found/, 'Redis has lost a function that had just been loaded'],
  [/^-?ERR max number of clients/, 'Redis has too many clients'],
];
const redirections = /^Too many Cluster redirections\. Last error: (?:\w*Error: )?/;
const connection =
  /Failed to refresh slots cache|None of startup nodes|Cluster is ended|sentinels are unreachable|Command timed out|Socket timeout|Connection is closed|Reached the max retries|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|Stream isn't writeable|Socket closed|Command aborted/;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** FCALL of what was never loaded there, or is lost. */
export const isUnknownFunction = (error: unknown): boolean => /^ERR Function not found/.test(messageOf(error));
/** FUNCTION LOAD of what another process has just loaded. */
export const isKnownLibrary = (error: unknown): boolean => /^ERR Library '.*' already exists/.test(messageOf(error));

/** What an answer of Redis means that passes, in words for an operator. */
export const passingReason = (message: string): string | undefined =>
  passing.find(([pattern]) => pattern.test(message))?.[1];

/** `away`: why there is no connection, when that is known better than by the command that failed. */
export function redisError(error: unknown, away?: string): Error {
  const message = messageOf(error).replace(redirections, '');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (message.startsWith('OOM'))
    return new StoreFullError('the store is full: Redis has reached its maxmemory', { cause: error });
  const why = passingReason(message);
  if (why !== undefined) return new StoreUnavailableError(`the store cannot answer now: ${why}`, { cause: error });
  if (connection.test(message) || connection.test(code))
    return new StoreUnavailableError(`the store cannot be reached: ${away ?? message}`, {
      cause: error,
    });
  return new CorralInternalError(`the store refused a call: ${message}`, { cause: error });
}

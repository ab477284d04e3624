/** Tells errors that mean "the store cannot answer now" from those that mean "this is wrong". */
import { CorralInternalError, StoreUnavailableError } from '../contract/exceptions.ts';

/** Redis answers that pass by themselves or by an operator's hand: nothing was changed, the same call may be made again. */
const passing =
  /^(LOADING|READONLY|OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|NOAUTH|-?ERR max number of clients)/;
const connection =
  /Connection is closed|Command timed out|Reached the max retries|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EHOSTUNREACH|Stream isn't writeable|Socket closed|Socket timeout/;

export function redisError(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (passing.test(message) || connection.test(message) || connection.test(code))
    return new StoreUnavailableError(`the store cannot answer now: ${message}`, { cause: error });
  return new CorralInternalError(`the store refused a call: ${message}`, { cause: error });
}

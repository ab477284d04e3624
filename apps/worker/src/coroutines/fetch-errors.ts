/** How a request can fail. `name` and `message` reach the awaiting coroutine and REST; answers of any status are no errors. */

abstract class FetchError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** The address is not public and no allowed network holds it. */
export class AddressRefused extends FetchError {}

/** The decompressed body is larger than `maxBytes`. */
export class ResponseTooLarge extends FetchError {}

/** The answer had not come to its end after `timeoutMs`. */
export class FetchTimeout extends FetchError {}

export class TooManyRedirects extends FetchError {}

/** A redirect to something that must not be followed: another scheme, a name and password, https down to http. */
export class RedirectRefused extends FetchError {}

/** `as: 'json'` was asked for and the body is something else. */
export class ResponseNotJson extends FetchError {}

/** Name resolution, connection, TLS or the protocol failed. `code` is that of Node, e.g. ECONNREFUSED, ENOTFOUND. */
export class ConnectionFailed extends FetchError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Members of a gather as they were at its call.
 *
 * Owns: that nothing which happens after the call changes their arguments, and that what cannot be sent is raised there.
 * Does not own: sending them (worker/stage.ts). Their texts are made only as they are looked at, a chunk at a time:
 * 100,000 of them in one go hold the event loop for longer than anybody on it should wait.
 */
import { encode } from '../contract/codec.ts';
import { sized } from '../contract/limits.ts';
import { PlainCopies } from '../contract/plain-copy.ts';
import type { GroupMember } from '../contract/store.ts';
import type { Coroutine } from './coroutines.ts';

/** What a copy cannot hold. */
class Encoded {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class AskedMembers implements Iterable<GroupMember> {
  readonly #names: readonly string[];
  /** Copies of plain data, else Encoded. */
  readonly #args: readonly unknown[];
  readonly #options: string;

  /** `bytes`: the arguments of one may have. @throws UnserializableError, PayloadTooLargeError */
  constructor(coroutines: readonly Coroutine<unknown>[], options: string, bytes: number) {
    this.#names = coroutines.map(({ coroutineName }) => coroutineName);
    const copies = new PlainCopies(bytes);
    this.#args = coroutines.map(({ coroutineName, args }) => {
      const copy = copies.of(args);
      if (copy !== undefined) return copy;
      return new Encoded(sized(`arguments of ${coroutineName}`, encode(args), bytes, 'payload'));
    });
    this.#options = options;
  }

  *[Symbol.iterator](): Generator<GroupMember> {
    for (const [index, coroutine] of this.#names.entries()) {
      const args = this.#args[index];
      yield { coroutine, args: args instanceof Encoded ? args.text : JSON.stringify(args), options: this.#options };
    }
  }
}

/**
 * Line: what lies between one engine and Redis. Commands wait here until the simulation sends them, and answers until it
 * delivers them; so the simulation decides what happens between the two, and what gets lost.
 *
 * Commands of one line are sent in the order in which they were made, and answered in that order, as on a connection.
 */
import { EventEmitter } from 'node:events';
import { StoreUnavailableError } from '@corral/scheduler';
import type { Clock } from '../../libs/scheduler/src/contract/clock.ts';
import type { Consumer, Dispatch } from '../../libs/scheduler/src/contract/dispatch.ts';
import type { RedisConnection } from '../../libs/scheduler/src/store/redis-connection.ts';

interface Command {
  run: () => Promise<unknown>;
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

export type Fate = 'executed' | 'unanswered' | 'doubled';

export class Line {
  readonly name: string;
  /** RedisConnection, Dispatch and Clock as the engine sees them. */
  readonly connection: RedisConnection;
  readonly clock: Clock;
  readonly #unsent: Command[] = [];
  readonly #answers: (() => void)[] = [];
  readonly #subscribers: Subscriber[] = [];
  #held: (() => void)[] | undefined;

  constructor(name: string, real: RedisConnection, clock: Clock, skewMs: number) {
    this.name = name;
    this.connection = this.#wrap(real);
    this.clock = {
      now: () => clock.now() + skewMs,
      monotonic: () => clock.monotonic(),
      drain: () => clock.drain(),
      random: (bytes) => clock.random(bytes),
      blocked: () => clock.blocked(),
      setTimer: (ms, callback) => clock.setTimer(ms, () => this.#when(callback)),
    };
  }

  get hasUnsent(): boolean {
    return this.#held === undefined && this.#unsent.length > 0;
  }

  get hasAnswer(): boolean {
    return this.#held === undefined && this.#answers.length > 0;
  }

  get frozen(): boolean {
    return this.#held !== undefined;
  }

  /** Executes the next command. `unanswered`: the engine hears that the store is away; `doubled`: the last answer counts. */
  async execute(fate: Fate): Promise<void> {
    const command = this.#unsent.shift();
    if (command === undefined) return;
    if (fate === 'doubled') await command.run().catch(() => undefined); // the second one tells
    const settle = await command.run().then(
      (answer) => () => command.resolve(answer),
      (error: unknown) => () => command.reject(error),
    );
    const lost = (): void => command.reject(new StoreUnavailableError('the answer is lost'));
    this.#answers.push(fate === 'unanswered' ? lost : settle);
  }

  /** The next command does not arrive. */
  refuse(): void {
    const command = this.#unsent.shift();
    if (command !== undefined) this.#answers.push(() => command.reject(new StoreUnavailableError('nobody answers')));
  }

  deliver(): void {
    this.#answers.shift()?.();
  }

  /** Stands still: nothing goes out, nothing comes in, no timer fires (SIGSTOP). */
  freeze(): void {
    this.#held ??= [];
  }

  thaw(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const callback of held) callback();
  }

  #when(callback: () => void): void {
    if (this.#held === undefined) callback();
    else this.#held.push(callback);
  }

  /** News of a channel, for whoever of this engine listens. */
  hear(channel: string, text: string): void {
    this.#when(() => {
      for (const subscriber of this.#subscribers)
        if (subscriber.channels.has(channel)) subscriber.emit('message', channel, text);
    });
  }

  dispatch(real: Dispatch): Dispatch {
    const held = (consumer: Consumer): Consumer => ({
      free: () => consumer.free(),
      take: async (ids) => {
        await new Promise<void>((resolve) => this.#when(resolve));
        await consumer.take(ids);
      },
      failed: (error) => consumer.failed(error),
    });
    return {
      send: (partition, hints, batch) => real.send(partition, hints, batch),
      backlog: (partition) => real.backlog(partition),
      consume: (partition, consumer) => real.consume(partition, held(consumer)),
      close: async () => undefined,
    };
  }

  #wrap(real: RedisConnection): RedisConnection {
    const queued = (run: () => Promise<unknown>): Promise<unknown> =>
      new Promise((resolve, reject) => this.#unsent.push({ run, resolve, reject }));
    const own: Partial<Record<PropertyKey, unknown>> = {
      run: (...args: Parameters<RedisConnection['run']>) => queued(() => real.run(...args)),
      ask: (command: Parameters<RedisConnection['ask']>[0]) => queued(() => real.ask(command)),
      open: () => this.#subscriber(),
      close: () => undefined,
    };
    return new Proxy(real, {
      get: (_, name) => (name in own ? own[name] : Reflect.get(real, name, real)),
    });
  }

  #subscriber(): Subscriber {
    const subscriber = new Subscriber();
    this.#subscribers.push(subscriber);
    return subscriber;
  }
}

/** As much of a connection as `listen` needs. */
class Subscriber extends EventEmitter {
  readonly channels = new Set<string>();

  async subscribe(channel: string): Promise<void> {
    this.channels.add(channel);
  }

  disconnect(): void {
    this.channels.clear();
  }
}

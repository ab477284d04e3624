import type { Client } from '@corral/scheduler';

/** What the API needs of the scheduler's client; tests give an object of their own. */
export type ApiClient = Pick<
  Client,
  | 'submitOnce'
  | 'submitAll'
  | 'get'
  | 'wait'
  | 'cancel'
  | 'events'
  | 'list'
  | 'tree'
  | 'logs'
  | 'history'
  | 'workers'
  | 'coroutines'
  | 'cluster'
>;

export const CLIENT = Symbol('client of the scheduler');

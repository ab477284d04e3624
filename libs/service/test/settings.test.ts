import { describe, expect, test } from 'vitest';
import {
  apiSettings,
  loadSettings,
  SettingsError,
  settingVariables,
  startSettings,
  unknownSettings,
  workerSettings,
} from '../src/index.ts';

const message = (table: Parameters<typeof loadSettings>[0], env: NodeJS.ProcessEnv): string => {
  try {
    loadSettings(table, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return '';
};

describe('defaults', () => {
  test('of a worker', () => {
    expect(loadSettings(workerSettings, {})).toMatchObject({
      redisUrl: 'redis://127.0.0.1:6379',
      workerPort: 0,
      slots: 100,
      queues: 1,
      prefix: 'corral',
      coroutineFolders: ['./coroutines'],
      fetchAllow: [],
      watch: false,
      logLevel: 'info',
    });
  });

  test('of the API', () => {
    expect(loadSettings(apiSettings, {})).toMatchObject({ port: 3000, host: '127.0.0.1', maxWaitMs: 60_000 });
  });

  test('npm start has no Redis unless it is told one', () => {
    expect(loadSettings(startSettings, {})).toEqual({ port: 3000, workers: 2 });
  });

  test('an empty variable counts as not set', () => {
    expect(loadSettings(workerSettings, { WORKER_SLOTS: '', REDIS_URL: '' }).slots).toBe(100);
  });
});

describe('values', () => {
  test('lists', () => {
    const settings = loadSettings(workerSettings, {
      CORRAL_COROUTINES: '/a:b',
      CORRAL_FETCH_ALLOW: '127.0.0.0/8, ::1/128,10.1.2.3',
      CORRAL_WATCH: 'true',
    });
    expect(settings.coroutineFolders).toEqual(['/a', 'b']);
    expect(settings.fetchAllow).toEqual(['127.0.0.0/8', '::1/128', '10.1.2.3']);
    expect(settings.watch).toBe(true);
  });

  test.each([
    ['WORKER_SLOTS', 'abc', 'an integer from 1 to 10000'],
    ['WORKER_SLOTS', '0', 'an integer from 1 to 10000'],
    ['WORKER_SLOTS', '1.5', 'an integer from 1 to 10000'],
    ['WORKER_SLOTS', '1e3', 'an integer from 1 to 10000'],
    ['WORKER_SLOTS', '99999999999999999999', 'an integer from 1 to 10000'],
    ['WORKER_PORT', '65536', 'an integer from 0 to 65535'],
    ['CORRAL_QUEUES', '65', 'an integer from 1 to 64'],
    ['CORRAL_PREFIX', 'a{b}', '1 to 40 letters, digits, _ or -'],
    ['CORRAL_COROUTINES', '::', 'folders separated by ":"'],
    ['CORRAL_FETCH_ALLOW', '127.0.0.0/33', 'networks such as 10.0.0.0/8 or ::1/128, separated by ","'],
    ['CORRAL_FETCH_ALLOW', 'localhost', 'networks such as 10.0.0.0/8 or ::1/128, separated by ","'],
    ['CORRAL_FETCH_ALLOW', '10.0.0.0/8/9', 'networks such as 10.0.0.0/8 or ::1/128, separated by ","'],
    ['CORRAL_WATCH', 'yes', '1, true, 0 or false'],
    ['LOG_LEVEL', 'loud', 'one of fatal, error, warn, info, debug, trace, silent'],
  ])('%s=%s is refused', (variable, value, expects) => {
    expect(message(workerSettings, { [variable]: value })).toBe(
      `${variable}=${JSON.stringify(value)}: expected ${expects}`,
    );
  });

  test('all that is wrong is told at once', () => {
    const text = message(workerSettings, { WORKER_SLOTS: 'abc', WORKER_PORT: '-1', CORRAL_QUEUES: '2' });
    expect(text.split('\n')).toEqual([
      'WORKER_PORT="-1": expected an integer from 0 to 65535',
      'WORKER_SLOTS="abc": expected an integer from 1 to 10000',
    ]);
  });

  test.each([
    ['redis://:a,b@host:6379/0', true],
    ['redis+cluster://user:password@one:7000,two:7001', true],
    ['rediss+sentinel://one:26379,two:26379/name?sentinelPassword=x', true],
    ['redis+cloud://one', false],
    ['one:6379,two:6379', false],
  ])('REDIS_URL=%s', (url, valid) => {
    const load = () => loadSettings(workerSettings, { REDIS_URL: url });
    if (valid) expect(load().redisUrl).toBe(url);
    else expect(load).toThrow('REDIS_URL');
  });

  test('a password is not shown', () => {
    const text = message(workerSettings, { REDIS_URL: 'http://user:geheim@host' });
    expect(text).toContain('REDIS_URL');
    expect(text).not.toContain('geheim');
  });
});

describe('variables that nobody reads', () => {
  test('the nearest name is suggested', () => {
    expect(unknownSettings(settingVariables, { CORRAL_COROUTINE: 'x', CORRAL_QUEUES: '1', OTHER: '1' })).toEqual([
      'CORRAL_COROUTINE is no setting of Corral and has no effect; did you mean CORRAL_COROUTINES?',
    ]);
  });

  test('nothing far-fetched is suggested', () => {
    expect(unknownSettings(settingVariables, { CORRAL_SOMETHING_ELSE: 'x' })).toEqual([
      'CORRAL_SOMETHING_ELSE is no setting of Corral and has no effect',
    ]);
  });
});

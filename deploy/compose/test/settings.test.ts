/** docker-compose.yml hands on every setting, but those that belong to the image and the file itself. */
import { readFileSync } from 'node:fs';
import { settingsTables } from '@corral/service';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Composed {
  services: Record<string, { environment: Record<string, string | null> }>;
}

const file = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
const { services } = parse(file, { merge: true }) as Composed;

/** Addresses and ports within the network, the mounted folder, the time that `stop_grace_period` leaves, and a name that only
 *  one worker may have. */
const fixed = ['CORRAL_WORKER_NAME', 'HOST', 'PORT', 'WORKER_PORT', 'CORRAL_COROUTINES', 'CORRAL_SHUTDOWN_MS'];

test.each(['api', 'worker'] as const)('%s', (name) => {
  const settings = Object.values(settingsTables[name]).map(({ variable }) => variable);
  const handed = Object.keys(services[name]?.environment ?? {});
  expect(handed.filter((each) => each !== 'NODE_OPTIONS').toSorted()).toEqual(
    settings.filter((each) => !fixed.includes(each)).toSorted(),
  );
});

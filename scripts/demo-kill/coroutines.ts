/** What `npm run demo:kill` runs: parcels that are packed and shipped. Each side effect is a line in a file. */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { coroutine } from '@corral/scheduler';

const write = (parcel: number, what: string): void =>
  appendFileSync(process.env['DEMO_JOURNAL'] ?? '/dev/null', `${JSON.stringify({ parcel, what, pid: process.pid })}\n`);

export const parcel = coroutine('parcel', async (loop, { parcel }: { parcel: number }) => {
  await loop.step('pack', async () => {
    await pause(700);
    write(parcel, 'packed');
  });
  await loop.sleep(500);
  await loop.step('ship', async () => {
    await pause(700);
    write(parcel, 'shipped');
  });
  return parcel;
});

export const parcels = coroutine('parcels', async (loop, { count }: { count: number }) =>
  loop.gather(Array.from({ length: count }, (_, number) => parcel({ parcel: number }))),
);

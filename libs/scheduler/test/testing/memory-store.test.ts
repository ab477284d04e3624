import { MemoryStore, VirtualClock } from '../../src/testing/index.ts';
import { storeConformance } from './store-conformance.ts';

for (const partitions of [1, 4])
  storeConformance(`MemoryStore of ${partitions} partitions`, async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock, partitions });
    return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
  });

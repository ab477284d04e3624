import { MemoryStore, VirtualClock } from '../../src/testing/index.ts';
import { type Harness, storeConformance } from './store-conformance.ts';
import { storeWalks } from './store-walk.ts';

const memory = (partitions: number) => async (): Promise<Harness> => {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock, partitions });
  return {
    store,
    advance: (ms) => clock.advance(ms),
    kept: async () => store.kept(),
    close: () => store.close(),
  };
};

storeConformance('MemoryStore keeps the contract', memory(1));
storeConformance('MemoryStore of 4 partitions keeps the contract', memory(4));
storeWalks('MemoryStore keeps its counts and leaves no task behind', { runs: 20 }, memory(1));

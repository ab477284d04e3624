/** The testing kit: time, truth and transport without Redis. */
export { SystemClock } from '../worker/system-clock.ts';
export { MemoryCluster, type MemoryClusterOptions, memoryCluster } from './cluster.ts';
export { MemoryDispatch, type MemoryDispatchOptions } from './memory-dispatch.ts';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { type Replayed, replayHistory } from './replay-history.ts';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';

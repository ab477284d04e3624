/** Resolves with the counter of `spin` when it has begun to count. */
export function spinning(channel: string): Promise<Int32Array> {
  return new Promise((resolve) => {
    const listener = new BroadcastChannel(channel);
    listener.onmessage = ({ data }) => {
      listener.close();
      resolve(data as Int32Array);
    };
  });
}

/** Whether the counter stands still while the event loop turns many times. */
export async function standsStill(counter: Int32Array): Promise<boolean> {
  const before = Atomics.load(counter, 0);
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
  return Atomics.load(counter, 0) === before;
}

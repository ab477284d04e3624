/** Progress on stderr: a bar for people at a terminal, now and then a line for everybody else. */
import { SingleBar } from 'cli-progress';

const lineEveryMs = 5000;

export interface Progress {
  update(done: number, total: number, text: string): void;
  end(): void;
}

export const progress = (title: string): Progress => (process.stderr.isTTY ? bar(title) : lines(title));

function bar(title: string): Progress {
  const shown = new SingleBar({
    format: `${title} [{bar}] {value}/{total} {text}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
  });
  shown.start(1, 0, { text: '' });
  return {
    update(done, total, text) {
      shown.setTotal(total);
      shown.update(done, { text });
    },
    end: () => shown.stop(),
  };
}

function lines(title: string): Progress {
  let last = performance.now();
  process.stderr.write(`${title} ...\n`);
  return {
    update(done, total, text) {
      if (performance.now() - last < lineEveryMs) return;
      last = performance.now();
      process.stderr.write(`${title}: ${done}/${total} ${text}\n`);
    },
    end() {},
  };
}

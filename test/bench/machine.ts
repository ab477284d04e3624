/** Where figures come from; they are worth little without it. */
import { cpus, totalmem } from 'node:os';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  platform: string;
  node: string;
  redis: string;
}

export function machine(redis: string): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    redis,
  };
}

export const machineTold = ({ cpu, cores, memoryGiB, platform, node, redis }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}; Node ${node}, Redis ${redis}`;

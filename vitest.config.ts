import { defineConfig } from 'vitest/config';

/** Tests run on sources: the condition makes `@corral/*` resolve to src/ instead of dist/. */
const conditions = ['@corral/source', 'module', 'node', 'development|production'];
const common = { resolve: { conditions }, ssr: { resolve: { conditions } } };

/** How long a test waits for what must come: on a busy machine one second, as by default, may be over before a first request is. */
const patience = { expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  ...common,
  test: {
    projects: [
      {
        ...common,
        test: {
          name: 'unit',
          ...patience,
          include: ['{apps,libs,deploy}/*/test/**/*.test.ts', 'test/bench/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      { ...common, test: { name: 'differential', include: ['test/differential/**/*.test.ts'], testTimeout: 30_000 } },
      {
        ...common,
        test: {
          name: 'integration',
          ...patience,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/redis.global.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...common,
        test: {
          name: 'system',
          ...patience,
          include: ['test/system/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

import { defineConfig } from 'vitest/config';

/** Tests run on sources: the condition makes `@corral/*` resolve to src/ instead of dist/. */
const conditions = ['@corral/source', 'module', 'node', 'development|production'];
const common = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  ...common,
  test: {
    projects: [
      {
        ...common,
        test: {
          name: 'unit',
          include: ['{apps,libs,deploy}/*/test/**/*.test.ts', 'test/bench/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      { ...common, test: { name: 'differential', include: ['test/differential/**/*.test.ts'], testTimeout: 30_000 } },
      {
        ...common,
        test: {
          name: 'integration',
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
          include: ['test/system/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

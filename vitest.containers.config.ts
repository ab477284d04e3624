import { defineConfig } from 'vitest/config';

/** The image and docker-compose.yml for real; apart from the other tests because it builds images. */
export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    reporters: ['verbose'],
  },
});

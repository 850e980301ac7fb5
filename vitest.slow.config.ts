import { defineConfig } from 'vitest/config';
import base, { aliases } from './vitest.config.js';

/** The suites that take minutes: big files, kills, exhaustive corruption. */
export default defineConfig({
  resolve: { alias: aliases },
  test: {
    ...base.test,
    include: ['test/**/*.slow.test.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 600_000,
  },
});

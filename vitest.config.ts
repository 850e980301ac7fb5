import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests import the package by the names that users type; this maps them to the sources. */
export const aliases = [
  { find: /^tensorslim$/, replacement: here('./src/index.ts') },
  { find: /^tensorslim\/node$/, replacement: here('./src/node.ts') },
  { find: /^tensorslim\/(safetensors|tfjs|gguf)$/, replacement: here('./src/formats') + '/$1/index.ts' },
  { find: /^tensorslim\/(\w+)$/, replacement: here('./src') + '/$1/index.ts' },
];

export default defineConfig({
  resolve: { alias: aliases },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts', 'test/consumers/**', '**/node_modules/**'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/kernels/**/simd/**', 'src/**/*.generated.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 97, branches: 93 },
    },
  },
});

import { defineConfig } from 'tsup';

/** One entry per subpath of package.json's `exports`. */
export const entries = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  quantize: 'src/quantize/index.ts',
  blocks: 'src/blocks/index.ts',
  factorize: 'src/factorize/index.ts',
  prune: 'src/prune/index.ts',
  distill: 'src/distill/index.ts',
  safetensors: 'src/formats/safetensors/index.ts',
  tfjs: 'src/formats/tfjs/index.ts',
  gguf: 'src/formats/gguf/index.ts',
  model: 'src/model/index.ts',
  plot: 'src/plot/index.ts',
  interop: 'src/interop/index.ts',
};

const common = {
  target: 'es2022',
  clean: false,
  // Entries share their code in chunks, so that all of them see one set of kernels and one memory.
  splitting: true,
  sourcemap: false,
  treeshake: true,
  minify: false,
} as const;

export default defineConfig([
  { ...common, entry: { ...entries, cli: 'src/cli/main.ts' }, format: 'esm' },
  { ...common, entry: entries, format: 'cjs' },
  {
    entry: entries,
    format: ['esm', 'cjs'],
    // tsup hands its declaration build a baseUrl, which TypeScript 6 deprecates.
    dts: { only: true, compilerOptions: { ignoreDeprecations: '6.0' } },
  },
]);

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const rounding = {
  object: 'Math',
  property: 'round',
  message: 'Its ties go up, which no reference does: name a rounding of core/rounding.ts.',
};
const chance = {
  object: 'Math',
  property: 'random',
  message: 'Results are reproducible: take a seeded generator of core/random.ts.',
};

export default tseslint.config(
  {
    // The SIMD kernels are AssemblyScript: TypeScript's syntax, other semantics.
    ignores: [
      'dist/**',
      'coverage/**',
      'reports/**',
      'src/kernels/**/simd/**',
      '**/*.generated.ts',
      'test/consumers/**',
      'docs/notebooks/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$', argsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      // isolatedDeclarations wants the types that these would remove.
      '@typescript-eslint/no-inferrable-types': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-properties': ['error', rounding, chance],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
        { selector: 'ExportDefaultDeclaration', message: 'Name what is exported.' },
      ],
    },
  },
  { files: ['src/**/*.ts'], ignores: ['src/cli/**'], rules: { 'no-console': 'error' } },
  { files: ['*.config.{ts,js}'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-properties': ['error', chance] } },
);

import { describe, expect, it } from 'vitest';
import { toArrays } from '../../src/compressed/compressed.js';
import { compressTensor } from '../../src/compressed/schemes.js';
import { headerLabel, labelOf } from '../../src/model/labels.js';
import { edgeSchemes } from '../support/edge-schemes.js';

const x = { data: Float32Array.from({ length: 128 }, (_, i) => 1 + ((i * 37) % 128) / 64), shape: [2, 64] };

describe('headerLabel()', () => {
  it.each(edgeSchemes().filter(([name]) => !name.endsWith('throw')))(
    '%s: is the label of the tensor itself, through JSON',
    (_, scheme) => {
      const c = compressTensor(x, scheme);
      expect(headerLabel(JSON.parse(JSON.stringify(toArrays(c).header)) as object)).toBe(labelOf(c));
    },
  );

  const long = 'x'.repeat(1000);
  it.each<[string, object, string]>([
    ['no kind', {}, 'unknown'],
    ['an unknown kind', { kind: 'other' }, 'unknown'],
    ['an inherited name', { kind: 'toString' }, 'unknown'],
    ['missing fields', { kind: 'affine' }, 'affine'],
    ['a granularity that is none', { kind: 'float8', dtype: 'float8_e5m2', granularity: null }, 'float8'],
    ['blocks that are none', { kind: 'float8', granularity: { kind: 'block', blockShape: 3 } }, 'float8'],
    ['a long text', { kind: 'float', dtype: long }, 'float'],
    ['a label that is no text', { kind: 'float', dtype: { toString: 1 } }, 'float'],
  ])('a header with %s gives the kind at most', (_, header, label) => {
    expect(headerLabel(header)).toBe(label);
  });
});

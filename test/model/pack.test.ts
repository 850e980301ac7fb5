import { describe, expect, it } from 'vitest';
import { toArrays } from '../../src/compressed/compressed.js';
import { compressTensor, SCHEME_NAMES } from '../../src/compressed/schemes.js';
import { AXIS_ROOM, HEADER_ROOM } from '../../src/model/pack.js';
import { edgeSchemes } from '../support/edge-schemes.js';

const x = { data: Float32Array.from({ length: 128 }, (_, i) => 1 + ((i * 37) % 128) / 64), shape: [2, 64] };

/** 24 characters, as many as a double takes in JSON. */
const LONGEST = -2.2250738585072014e-308;
const LARGEST = Number.MAX_SAFE_INTEGER;

/** The longest value of every field whose value a header's reader takes; undefined: the field has few, as they come. */
const WORST: Readonly<Record<string, unknown>> = {
  bits: 16,
  codeMin: -32768,
  codeMax: 32767,
  mapping: 'symmetricFull',
  granularity: { kind: 'block', blockShape: [LARGEST, LARGEST] },
  scaleDtype: 'bfloat16',
  rounding: 'halfAwayFromZero',
  hasZeroPoint: false,
  overflow: LONGEST,
  blockSize: LARGEST,
  offset: LONGEST,
  fit: { iterations: 300, inertia: LONGEST, startInertia: LONGEST },
  name: 'dynamic8',
  levels: 256,
  dtype: 'float8_e8m0fnu',
  element: 'float8_e4m3fn',
  scaleMode: 'rceil',
  scale: LONGEST,
  min: LONGEST,
  format: 'bitmask',
  dropped: LONGEST,
  keep: 256,
  of: 256,
};

/** Characters in a JSON string: every quote is escaped. */
const escaped = (value: object): number => JSON.stringify(JSON.stringify(value)).length - 2;

describe('the room for headers', () => {
  const schemes = edgeSchemes().filter(([name]) => !name.endsWith('throw'));

  it('is known for every scheme', () => {
    const tried = new Set<string>(schemes.map(([, { scheme }]) => scheme));
    expect([...tried, 'keep'].sort()).toEqual([...SCHEME_NAMES].sort());
  });

  it('holds the longest header of every kind, and not much more', () => {
    const lengths = schemes.map(([, scheme]) => {
      const { header } = toArrays(compressTensor(x, scheme));
      const worst = Object.entries(header).map(([key, value]) => {
        if (key === 'kind') return [key, value as unknown];
        if (key === 'shape') return [key, []];
        expect(Object.keys(WORST)).toContain(key);
        // No real value is longer than the one that stands for all.
        expect(escaped({ [key]: value as unknown })).toBeLessThanOrEqual(escaped({ [key]: WORST[key] }));
        return [key, WORST[key]];
      });
      return escaped(Object.fromEntries(worst) as object);
    });
    expect(Math.max(...lengths)).toBe(HEADER_ROOM);
  });

  it('holds the longest axes', () => {
    const axes = new Array<number>(64).fill(LARGEST);
    expect(escaped({ shape: axes }) - escaped({ shape: [] })).toBeLessThanOrEqual(64 * AXIS_ROOM);
  });
});

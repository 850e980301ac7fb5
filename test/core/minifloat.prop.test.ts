import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeBits,
  decodeCode,
  decodeTable,
  FLOAT_FORMATS,
  maxFinite,
  OVERFLOWS,
  powerOfTwo,
  SMALL_FLOATS,
  type FloatFormat,
  type SmallFloat,
} from '../../src/core/float-formats.js';
import { encodeBits, encodeInto, NO_CODE, roundToOddInto } from '../../src/core/minifloat.js';
import { hash32 } from '../../src/core/random.js';
import { ROUNDINGS, roundTo, THRESHOLD_UNIT, type Rounding } from '../../src/core/rounding.js';

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);
const bitsOf = (x: number): number => {
  float[0] = x;
  return word[0];
};
const floatOf = (bits: number): number => {
  word[0] = bits;
  return float[0];
};

/** Any 32 bits; half of the time near a value of the format or between two of them. */
function inputs(format: FloatFormat): fc.Arbitrary<number> {
  const table = decodeTable(format);
  const near = fc
    .tuple(fc.nat(table.length - 1), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([code, step, between]) => {
      const value = table[code];
      const next = table[Math.min(code + 1, table.length - 1)];
      const x = between && Number.isFinite(value + next) ? Math.fround((value + next) / 2) : value;
      return (bitsOf(x) + step) >>> 0;
    });
  return fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), near);
}

const signed = SMALL_FLOATS.filter((dtype) => FLOAT_FORMATS[dtype].signed);
const deterministic = ROUNDINGS.filter((rounding) => rounding !== 'stochastic');

describe.each(SMALL_FLOATS)('%s', (dtype) => {
  const format = FLOAT_FORMATS[dtype];
  const table = decodeTable(format);
  const encode = (bits: number, rounding: Rounding = 'halfEven'): number =>
    encodeBits(bits, format, rounding, 'saturate');
  const finite = inputs(format).filter((bits) => Number.isFinite(floatOf(bits)));
  const encodable = format.signed ? finite : finite.filter((bits) => floatOf(bits) > 0);

  it('the nearest roundings give a value that no other code is nearer to', () => {
    const finiteValues = Array.from(table).filter((value) => Number.isFinite(value));
    const sample = finiteValues.length <= 256 ? finiteValues : null;
    fc.assert(
      fc.property(encodable, fc.constantFrom('halfEven', 'halfAwayFromZero', 'halfUp'), (bits, rounding) => {
        const x = floatOf(bits);
        const code = encode(bits, rounding as Rounding);
        const distance = Math.abs(table[code] - x);
        // For 16 bits the neighbours stand for all codes: values are sorted by code (see the next law).
        const others = sample ?? [code - 1, code + 1].map((other) => table[other]).filter(Number.isFinite);
        for (const other of others) {
          if (Math.abs(other - x) < distance)
            throw new Error(`${x} became ${table[code]}, ${other} is nearer`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('the values grow with the code', () => {
    for (let code = 1; code <= format.maxFiniteCode; code++) {
      if (!(table[code] > table[code - 1])) throw new Error(`code ${code}`);
    }
    expect(table[format.maxFiniteCode]).toBe(maxFinite(format));
  });

  it('encoding is monotone under every rounding', () => {
    fc.assert(
      fc.property(encodable, encodable, fc.constantFrom(...deterministic), (a, b, rounding) => {
        const [low, high] = floatOf(a) < floatOf(b) ? [a, b] : [b, a];
        expect(table[encode(low, rounding)]).toBeLessThanOrEqual(table[encode(high, rounding)]);
      }),
      { numRuns: 2000 },
    );
  });

  it('the bulk loop gives what encodeBits gives, and stops at the first element without a code', () => {
    fc.assert(
      fc.property(
        fc.array(inputs(format), { maxLength: 40 }),
        fc.constantFrom(...ROUNDINGS),
        fc.constantFrom(...OVERFLOWS),
        fc.nat(1e9),
        (words, rounding, overflow, seed) => {
          const position = 2 ** 32 - 3;
          const want = words.map((bits, i) =>
            encodeBits(bits, format, rounding, overflow, hash32(seed, position + i) * THRESHOLD_UNIT),
          );
          const out = codeBits(format) > 8 ? new Uint16Array(words.length) : new Uint8Array(words.length);
          const bad = encodeInto(out, Uint32Array.from(words), format, {
            rounding,
            overflow,
            seed,
            position,
          });
          expect(bad).toBe(want.indexOf(NO_CODE));
          if (bad < 0) expect(Array.from(out)).toEqual(want);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('beyond the largest value each overflow does what it says', () => {
    const largest = maxFinite(format);
    const infinite = format.infinityCode ?? format.nanCode ?? NO_CODE;
    for (const x of [largest * 2, Infinity]) {
      const bits = bitsOf(x);
      const kept = Number.isFinite(floatOf(bits)) ? NO_CODE : (format.infinityCode ?? NO_CODE);
      for (const rounding of ROUNDINGS) {
        expect(encodeBits(bits, format, rounding, 'saturate')).toBe(format.maxFiniteCode);
        expect(encodeBits(bits, format, rounding, 'infinity')).toBe(infinite);
        expect(encodeBits(bits, format, rounding, 'throw')).toBe(kept);
      }
    }
  });

  it('a NaN becomes NaN, or has no code', () => {
    for (const bits of [0x7fc00000, 0x7f800001, 0xffffffff]) {
      const code = encode(bits);
      if (format.nanCode === null) expect(code).toBe(NO_CODE);
      else expect(decodeCode(code, format)).toBeNaN();
    }
  });
});

describe.each(signed)('%s', (dtype) => {
  const format = FLOAT_FORMATS[dtype];
  const signBit = 1 << (codeBits(format) - 1);

  it('negation flips the sign bit alone, for roundings that know no direction', () => {
    fc.assert(
      fc.property(
        inputs(format),
        fc.constantFrom<Rounding>('halfEven', 'halfAwayFromZero', 'truncate'),
        fc.constantFrom(...OVERFLOWS),
        (bits, rounding, overflow) => {
          const code = encodeBits(bits, format, rounding, overflow);
          const negated = encodeBits((bits ^ 0x80000000) >>> 0, format, rounding, overflow);
          expect(negated).toBe(code === NO_CODE ? NO_CODE : code ^ signBit);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('halfway between two codes halfEven takes the even one, halfUp the greater, halfAwayFromZero the outer', () => {
    fc.assert(
      fc.property(fc.nat(format.maxFiniteCode - 1), fc.boolean(), (code, negative) => {
        const middle = (decodeCode(code, format) + decodeCode(code + 1, format)) / 2;
        // Between two subnormals of bfloat16 the middle is a float32 too: it has 16 bits more.
        expect(Math.fround(middle)).toBe(middle);
        const sign = negative ? signBit : 0;
        const bits = bitsOf(negative ? -middle : middle);
        expect(encodeBits(bits, format, 'halfEven', 'throw')).toBe((code + (code % 2)) | sign);
        expect(encodeBits(bits, format, 'halfAwayFromZero', 'throw')).toBe((code + 1) | sign);
        expect(encodeBits(bits, format, 'halfUp', 'throw')).toBe(negative ? code | sign : code + 1);
        expect(encodeBits(bits, format, 'truncate', 'throw')).toBe(code | sign);
      }),
      { numRuns: 1000 },
    );
  });

  it('every rounding equals roundTo of the quotient by the unit, thresholds included', () => {
    fc.assert(
      fc.property(
        inputs(format),
        fc.constantFrom(...ROUNDINGS),
        fc.nat(0xffffffff),
        (bits, rounding, draw) => {
          const x = floatOf(bits);
          fc.pre(Number.isFinite(x) && Math.abs(x) <= maxFinite(format));
          const threshold = draw * THRESHOLD_UNIT;
          let exponent = 1 - format.bias;
          while (Math.abs(x) >= powerOfTwo(exponent + 1)) exponent++;
          const unit = powerOfTwo(exponent - format.mantissaBits);
          const code = encodeBits(bits, format, rounding, 'saturate', threshold);
          expect(decodeCode(code, format)).toBe(roundTo(x / unit, rounding, threshold) * unit);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('float64 rounded to odd and then to the format equals the nearest of two exact neighbours', () => {
    const table = decodeTable(format);
    const tiny = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(format.maxFiniteCode - 1),
        tiny,
        fc.integer({ min: -1074, max: -30 }),
        (code, t, scale) => {
          const middle = (table[code] + table[code + 1]) / 2;
          const x = middle + t * middle * 2 ** Math.max(scale, -52);
          const bits = new Uint32Array(1);
          roundToOddInto(bits, Float64Array.of(x));
          const below = x - table[code];
          const above = table[code + 1] - x;
          const want = below < above || (below === above && code % 2 === 0) ? code : code + 1;
          expect(encodeBits(bits[0], format, 'halfEven', 'throw')).toBe(want);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** float16 by arithmetic in float64: adding and subtracting 2^(e + 42) rounds to a multiple of 2^(e - 10), half to even. */
function float16ByArithmetic(x: number): number {
  const magnitude = Math.abs(x);
  let unit = 2 ** -24;
  while (magnitude >= unit * 2048) unit *= 2;
  const shift = unit * 2 ** 52;
  const rounded = magnitude + shift - shift;
  return Math.sign(x) * (rounded >= 65520 ? Infinity : rounded);
}

it('float16 equals rounding by addition in float64', () => {
  const format = FLOAT_FORMATS.float16;
  fc.assert(
    fc.property(inputs(format), (bits) => {
      const x = floatOf(bits);
      fc.pre(!Number.isNaN(x) && x !== 0 && Number.isFinite(x));
      const value = decodeCode(encodeBits(bits, format, 'halfEven', 'infinity'), format);
      expect(value + 0).toBe(float16ByArithmetic(x) + 0);
    }),
    { numRuns: 5000 },
  );
});

it('bfloat16 truncated is the upper half of a float32', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
      fc.pre(!Number.isNaN(floatOf(bits)));
      expect(encodeBits(bits, FLOAT_FORMATS.bfloat16, 'truncate', 'infinity')).toBe(bits >>> 16);
    }),
    { numRuns: 5000 },
  );
});

it('stochastic rounding has the right mean', () => {
  const rule = { rounding: 'stochastic', overflow: 'throw', seed: 4, position: 0 } as const;
  const cases: [SmallFloat, number][] = [
    ['float8_e4m3fn', 1.03],
    ['float8_e4m3fn', -1.03],
    ['float4_e2m1fn', 0.1],
    ['float16', 1.0001],
    ['float8_e8m0fnu', 1.25],
  ];
  for (const [dtype, x] of cases) {
    const format = FLOAT_FORMATS[dtype];
    const count = 20000;
    const codes = codeBits(format) > 8 ? new Uint16Array(count) : new Uint8Array(count);
    encodeInto(codes, new Uint32Array(count).fill(bitsOf(x)), format, rule);
    const values = Array.from(codes, (code) => decodeCode(code, format));
    const gap = Math.max(...values) - Math.min(...values);
    const mean = values.reduce((a, b) => a + b, 0) / count;
    expect(gap).toBeGreaterThan(0);
    expect(Math.abs(mean - Math.fround(x))).toBeLessThan((6 * gap * 0.5) / Math.sqrt(count));
  }
});

it('float8_e8m0fnu: zero, negative numbers and what lies below its least power', () => {
  const format = FLOAT_FORMATS.float8_e8m0fnu;
  for (const x of [0, -0]) {
    expect(encodeBits(bitsOf(x), format, 'halfEven', 'infinity')).toBe(0xff);
    expect(encodeBits(bitsOf(x), format, 'halfEven', 'throw')).toBe(NO_CODE);
    expect(encodeBits(bitsOf(x), format, 'halfEven', 'saturate')).toBe(0);
  }
  expect(encodeBits(bitsOf(-1), format, 'halfEven', 'saturate')).toBe(0xff);
  expect(encodeBits(bitsOf(-1), format, 'halfEven', 'throw')).toBe(NO_CODE);
  for (const rounding of deterministic) expect(encodeBits(1, format, rounding, 'throw')).toBe(0);
  expect(encodeBits(bitsOf(2 ** -127 * 1.5), format, 'halfEven', 'throw')).toBe(1);
  expect(encodeBits(bitsOf(2 ** -127 * 1.25), format, 'halfEven', 'throw')).toBe(0);
});

it('powers of two are exact over the whole range', () => {
  for (let exponent = -1022; exponent <= 1023; exponent++) expect(powerOfTwo(exponent)).toBe(2 ** exponent);
});

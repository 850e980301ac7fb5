import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/core/checksum.js';

/** Long division by the polynomial, one bit at a time. */
function crcByDivision(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
    }
  }
  return ~remainder >>> 0;
}

const bytes = fc.uint8Array({ maxLength: 100 });

describe('crc32c', () => {
  it('has the published check values (RFC 3720, B.4)', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
    expect(crc32c(new Uint8Array(0))).toBe(0);
  });

  it('equals long division for every length, at odd byte offsets too', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 9 }), (data, begin) => {
        expect(crc32c(data.subarray(begin))).toBe(crcByDivision(data.subarray(begin)));
      }),
      { numRuns: 2000 },
    );
  });

  it('of parts one after another is that of the whole', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        const whole = Uint8Array.from(parts.flatMap((part) => Array.from(part)));
        expect(parts.reduce((crc, part) => crc32c(part, crc), 0)).toBe(crc32c(whole));
      }),
      { numRuns: 1000 },
    );
  });

  it('changes with every single flipped bit and every pair of them in 40 bytes', () => {
    const data = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) & 255);
    const seen = new Set([crc32c(data)]);
    for (let first = 0; first < 320; first++) {
      for (let second = first; second < 320; second += 1) {
        const damaged = data.slice();
        damaged[first >>> 3] ^= 1 << (first & 7);
        if (second > first) damaged[second >>> 3] ^= 1 << (second & 7);
        if (crc32c(damaged) === crc32c(data)) throw new Error(`flips at ${first} and ${second} go unnoticed`);
        if (second === first) seen.add(crc32c(damaged));
      }
    }
    expect(seen.size).toBe(321);
  });

  it('changes with every burst of up to 32 damaged bits', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 60 }),
        fc.integer({ min: 1, max: 0xffffffff }),
        fc.nat(400),
        (data, burst, at) => {
          const damaged = data.slice();
          const first = at % (data.length * 8 - 31);
          for (let bit = 0; bit < 32; bit++) {
            if ((burst >>> bit) & 1) damaged[(first + bit) >>> 3] ^= 1 << ((first + bit) & 7);
          }
          expect(crc32c(damaged)).not.toBe(crc32c(data));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clockText,
  countText,
  pad,
  plural,
  printable,
  ratioText,
  sections,
  shapeText,
  shorten,
  sizesText,
  widthOf,
} from '../../src/cli/text.js';

describe('printable()', () => {
  it('writes control characters and those that reorder text as escapes', () => {
    expect(printable('a\x1b[31mb\nc\u202ed\u2028')).toBe('a\\u001b[31mb\\u000ac\\u202ed\\u2028');
  });

  it('keeps every other text', () => {
    expect(printable('encoder/层_0/käse.weight 🦊')).toBe('encoder/层_0/käse.weight 🦊');
  });

  it('escapes half a surrogate pair, and what lies beyond the first plane', () => {
    expect(printable('a\ud800b')).toBe('a\\ud800b');
    expect(printable('a\u{e0041}b')).toBe('a\\u{e0041}b');
  });
});

describe('widthOf()', () => {
  it('counts wide characters twice and combining ones not at all', () => {
    expect(widthOf('abc')).toBe(3);
    expect(widthOf('层a')).toBe(3);
    expect(widthOf('🦊')).toBe(2);
    expect(widthOf('e\u0301')).toBe(1);
  });
});

describe('shorten()', () => {
  it('keeps what fits', () => {
    expect(shorten('abcdef', 6)).toBe('abcdef');
  });

  it('leaves out the middle', () => {
    expect(shorten('encoder/layer_3/kernel', 11)).toBe('encod…ernel');
    expect(shorten('abcdef', 4)).toBe('ab…f');
  });

  it('gives nothing for no room', () => {
    expect(shorten('abc', 0)).toBe('');
    expect(shorten('abc', -1)).toBe('');
    expect(shorten('abc', 1)).toBe('…');
  });

  it('never takes more columns than it may, and keeps the beginning and the end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, width) => {
        const short = shorten(text, width);
        expect(widthOf(short)).toBeLessThanOrEqual(width);
        const [head, tail = ''] = short === text ? [text] : short.split('…');
        expect(text.startsWith(head)).toBe(true);
        expect(text.endsWith(tail)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('pad()', () => {
  it('fills to a width on the side that the alignment leaves free', () => {
    expect(pad('层', 4, 'left')).toBe('层  ');
    expect(pad('ab', 4, 'right')).toBe('  ab');
    expect(pad('abcde', 4, 'right')).toBe('abcde');
  });
});

describe('small texts', () => {
  it('separate thousands', () => {
    expect([0, 999, 1000, 6982656].map(countText)).toEqual(['0', '999', '1,000', '6,982,656']);
  });

  it('count nouns', () => {
    expect(plural(1, 'tensor')).toBe('1 tensor');
    expect(plural(0, 'tensor')).toBe('0 tensors');
    expect(plural(1200, 'tensor')).toBe('1,200 tensors');
  });

  it('name ratios and shapes', () => {
    expect(ratioText(698, 100)).toBe('6.98×');
    expect(ratioText(0, 0)).toBe('-');
    expect(sizesText(27_930_624, 4_000_000)).toBe('27.9 MB → 4.00 MB, 6.98×');
    expect(shapeText([8000, 320])).toBe('8000×320');
    expect(shapeText([])).toBe('scalar');
  });

  it('tell the time left', () => {
    expect([0, 6.2, 750, 3723].map(clockText)).toEqual(['0:00', '0:07', '12:30', '1:02:03']);
    expect(clockText(Infinity)).toBe('-:--');
  });

  it('part sections with an empty line and leave out empty ones', () => {
    expect(sections('a', '', 'b')).toBe('a\n\nb');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesFigure,
  cosineFigure,
  countFigure,
  decibelFigure,
  exactFigure,
  fixedFigure,
  numberFigure,
  percentFigure,
  ratioFigure,
} from '../../src/core/figures.js';
import { anyNumber } from '../support/hostile-text.js';

describe('figures', () => {
  it.each<[string, string]>([
    [numberFigure(0), '0'],
    [numberFigure(-0), '0'],
    [numberFigure(0.0123456), '0.01235'],
    [numberFigure(-12.5), '−12.5'],
    [numberFigure(12345.6), '12\u202f350'],
    [numberFigure(999999.7), '10⁶'],
    [bytesFigure(0.001), '0.001 B'],
    [numberFigure(30522), '30\u202f522'],
    [numberFigure(999999), '999\u202f999'],
    [numberFigure(1234567.8), '1.235×10⁶'],
    [numberFigure(1e6), '10⁶'],
    [numberFigure(1.2e-7, 2), '1.2×10⁻⁷'],
    [numberFigure(-1e-300), '−10⁻³⁰⁰'],
    [numberFigure(NaN), 'NaN'],
    [numberFigure(-Infinity), '−∞'],
    [bytesFigure(0), '0 B'],
    [bytesFigure(312), '312 B'],
    [bytesFigure(999), '999 B'],
    [bytesFigure(1000), '1.00 kB'],
    [bytesFigure(999499), '999 kB'],
    [bytesFigure(999500), '1.00 MB'],
    [bytesFigure(27.94e6), '27.9 MB'],
    [bytesFigure(2 ** 53), '9.01 PB'],
    [bytesFigure(-4200), '−4.20 kB'],
    [bytesFigure(1e18), '10¹⁸ B'],
    [bytesFigure(Infinity), '∞'],
    [countFigure(4200), '4.2k'],
    [countFigure(1000), '1k'],
    [countFigure(100000), '100k'],
    [countFigure(100), '100'],
    [countFigure(27.94e6), '27.9M'],
    [decibelFigure(41.26), '41.3 dB'],
    [decibelFigure(Infinity), '∞ dB'],
    [percentFigure(0.1), '10.0 %'],
    [percentFigure(0.00714), '0.714 %'],
    [percentFigure(0), '0 %'],
    [percentFigure(-0.5), '−50.0 %'],
    [percentFigure(1e-9), '10⁻⁷ %'],
    [percentFigure(1e9), '10¹¹ %'],
    [ratioFigure(7.106), '7.11×'],
    [cosineFigure(1), '1'],
    [cosineFigure(0.99505), '0.99505'],
    [cosineFigure(1 - 3.2e-7), '1 − 3.2×10⁻⁷'],
    [cosineFigure(-1), '−1.00000'],
    [cosineFigure(NaN), 'NaN'],
    [fixedFigure(-0.001, 2), '0.00'],
    [fixedFigure(2.5e7, 2), '2.5×10⁷'],
    [exactFigure(-0), '0'],
    [exactFigure(0.1), '0.1'],
  ])('%s is written as %s', (got, want) => {
    expect(got).toBe(want);
  });

  it('write every number without markup, exponents or a minus that is a hyphen', () => {
    const all = [
      bytesFigure,
      cosineFigure,
      countFigure,
      decibelFigure,
      percentFigure,
      ratioFigure,
      numberFigure,
    ];
    fc.assert(
      fc.property(anyNumber, fc.constantFrom(...all), (value, figure) => {
        const text = figure(value);
        expect(text).toMatch(/^[^<>&"'-]+$/);
        expect(text).not.toMatch(/\de|undefined|Infinity/);
        expect(text.length).toBeLessThan(30);
      }),
      { numRuns: 2000 },
    );
  });
});

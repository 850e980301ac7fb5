import { describe, expect, it } from 'vitest';
import { NumericError } from '../../src/core/errors.js';
import {
  combine,
  crossEntropy,
  dist,
  dkd,
  forwardKl,
  jeffreys,
  jsd,
  logSoftmax,
  logitMse,
  renyiDivergence,
  skewKl,
  softmax,
  standardizeLogits,
} from '../../src/distill/index.js';
import type { PairOptions } from '../../src/distill/index.js';
import { PAIR_LOSSES } from '../support/distill.js';
import { NOT_TENSORS, detachedArray, foreignArray } from '../support/wrong-types.js';

const good = (): PairOptions => ({
  studentLogits: Float64Array.of(1, 2, 3, 4),
  teacherLogits: Float64Array.of(1, 0, 3, 0),
  classes: 2,
});

/** Options that TypeScript would not let pass. */
const wrong = (changes: Record<string, unknown>): PairOptions => ({ ...good(), ...changes }) as PairOptions;

const REFUSED: [string, Record<string, unknown>, new (...a: never[]) => Error, string][] = [
  ['no classes', { classes: undefined }, TypeError, '"classes"'],
  ['classes of 0', { classes: 0 }, RangeError, '"classes"'],
  ['half a class', { classes: 1.5 }, RangeError, '"classes"'],
  ['logits of no whole rows', { classes: 3 }, RangeError, '"studentLogits" expected rows of 3 logits'],
  ['fewer teacher rows', { teacherLogits: Float64Array.of(1, 2) }, RangeError, '"teacherLogits"'],
  ['T = 0', { temperature: 0 }, RangeError, '"temperature"'],
  ['T < 0', { temperature: -1 }, RangeError, '"temperature"'],
  ['T = NaN', { temperature: NaN }, RangeError, '"temperature"'],
  ['T = Infinity', { temperature: Infinity }, RangeError, '"temperature"'],
  ['T as text', { temperature: '1' }, TypeError, '"temperature"'],
  ['a bad T of a row', { temperature: [1, 0] }, RangeError, '"temperature[1]"'],
  ['too few temperatures', { temperature: [1] }, RangeError, '"temperature"'],
  ['a mask of another length', { mask: [true] }, RangeError, '"mask"'],
  ['a mask that is none', { mask: 'all' }, TypeError, '"mask"'],
  ['64-bit labels', { labels: BigInt64Array.of(1n, 1n) }, TypeError, '"labels"'],
  ['negative weights', { rowWeights: [1, -1] }, RangeError, '"rowWeights[1]"'],
  ['weights of NaN', { rowWeights: [NaN, 1] }, RangeError, '"rowWeights[0]"'],
  ['a hole in the weights', { rowWeights: [1, undefined] }, TypeError, '"rowWeights[1]"'],
  ['torch\'s "mean"', { reduction: 'mean' }, RangeError, '"reduction"'],
  ['a denominator of 0', { reduction: { denominator: 0 } }, RangeError, '"reduction.denominator"'],
  ['a denominator that is none', { reduction: {} }, TypeError, '"reduction.denominator"'],
  ['T^2 as a number', { temperatureSquared: 1 }, TypeError, '"temperatureSquared"'],
  ['an unknown key', { tempreature: 2 }, RangeError, 'did you mean "temperature"?'],
  ['an output of the other type', { out: new Float32Array(4) }, TypeError, '"out"'],
  ['an output of another length', { out: new Float64Array(3) }, RangeError, '"out"'],
  ['half an ignored index', { ignoreIndex: 0.5 }, RangeError, '"ignoreIndex"'],
];

describe('wrong arguments', () => {
  it.each(REFUSED)('%s are refused by every loss between logits', (_title, changes, kind, text) => {
    for (const loss of Object.values(PAIR_LOSSES)) {
      expect(() => loss(wrong(changes))).toThrow(kind);
      expect(() => loss(wrong(changes))).toThrow(text);
    }
  });

  it('what is no array of floats is a TypeError that names the argument', () => {
    for (const [name, value] of NOT_TENSORS) {
      if (name === 'a detached array') continue;
      expect(() => forwardKl(wrong({ studentLogits: value }))).toThrow(TypeError);
      expect(() => forwardKl(wrong({ teacherLogits: value }))).toThrow('"teacherLogits"');
      expect(() => softmax({ logits: value as Float32Array, classes: 2 })).toThrow('"logits"');
    }
  });

  it('detached arrays are refused for their length', () => {
    expect(() => forwardKl(wrong({ studentLogits: detachedArray() }))).toThrow(RangeError);
  });

  it('weights of the losses lie in their ranges', () => {
    const { studentLogits, teacherLogits, classes } = good();
    for (const share of [-0.1, 1.1, NaN]) {
      expect(() => jsd({ ...good(), beta: share })).toThrow('"beta"');
      expect(() => skewKl({ ...good(), alpha: share })).toThrow('"alpha"');
      expect(() => jeffreys({ ...good(), reverseWeight: share })).toThrow('"reverseWeight"');
    }
    expect(() => renyiDivergence({ ...good(), alpha: 0 })).toThrow('"alpha"');
    expect(() => skewKl({ ...good(), direction: 'up' as 'forward' })).toThrow('"direction"');
    expect(() => dkd({ ...good(), labels: [0, 1], beta: -1 })).toThrow('"beta"');
    expect(() => dist({ studentLogits, teacherLogits, classes, interWeight: NaN })).toThrow('"interWeight"');
    expect(() => logitMse({ ...good(), center: 1 as unknown as boolean })).toThrow('"center"');
  });

  it('labels lie in [0, classes), unless their row is left out', () => {
    const { studentLogits, classes } = good();
    for (const label of [-1, 2, 0.5, NaN]) {
      expect(() => crossEntropy({ studentLogits, classes, labels: [0, label] })).toThrow('"labels[1]"');
      expect(() => dkd({ ...good(), labels: [0, label] })).toThrow('"labels[1]"');
      crossEntropy({ studentLogits, classes, labels: [0, label], mask: [true, false] });
    }
    expect(() => crossEntropy({ studentLogits, classes, labels: [0] })).toThrow('"labels"');
  });

  it('combine takes losses of the same logits alone', () => {
    const loss = forwardKl(good());
    const other = forwardKl({ ...good(), studentLogits: new Float32Array(4) });
    const parts = (...all: unknown[]): Parameters<typeof combine>[0] => all as Parameters<typeof combine>[0];
    expect(() => combine(parts())).toThrow('"parts"');
    expect(() => combine(null as never)).toThrow(TypeError);
    expect(() => combine(parts(loss))).toThrow('"parts[0].loss"');
    expect(() => combine(parts(1))).toThrow('"parts[0]"');
    expect(() => combine(parts({ loss, weight: -1 }))).toThrow('"parts[0].weight"');
    expect(() => combine(parts({ loss, weight: 1 }, { loss: other, weight: 1 }))).toThrow('one type');
  });
});

describe('logits that are none', () => {
  it.each([NaN, Infinity])('%s is a NumericError with its index, in both models and both types', (bad) => {
    for (const loss of Object.values(PAIR_LOSSES)) {
      for (const argument of ['studentLogits', 'teacherLogits'] as const) {
        for (const Kind of [Float32Array, Float64Array]) {
          const logits = Kind.of(0, 1, 2, bad);
          const other = new Kind(4);
          const options = { studentLogits: other, teacherLogits: other, classes: 2, [argument]: logits };
          expect(() => loss(options)).toThrow(NumericError);
          expect(() => loss(options)).toThrow(`"${argument}" expected finite logits`);
          expect(() => loss(options)).toThrow('at index 3');
        }
      }
    }
  });

  it('a row that excludes every class is a NumericError', () => {
    for (const Kind of [Float32Array, Float64Array]) {
      const studentLogits = Kind.of(0, 0, -Infinity, -Infinity);
      expect(() => forwardKl({ studentLogits, teacherLogits: new Kind(4), classes: 2 })).toThrow(
        'all of row 1',
      );
      expect(() => softmax({ logits: studentLogits, classes: 2 })).toThrow(NumericError);
    }
  });

  it('standardization and squared differences take finite logits, or the same classes excluded', () => {
    expect(() => standardizeLogits({ logits: Float64Array.of(0, -Infinity), classes: 2 })).toThrow(
      NumericError,
    );
    const open = Float64Array.of(1, 2);
    const closed = Float64Array.of(1, -Infinity);
    expect(() => logitMse({ studentLogits: open, teacherLogits: closed, classes: 2 })).toThrow(
      'ONE_EXCLUDES',
    );
    expect(logitMse({ studentLogits: closed, teacherLogits: closed, classes: 2 }).loss).toBe(0);
  });
});

describe('arrays', () => {
  it('of other realms, shared buffers and mixed types are taken; inputs stay as they are', () => {
    const foreign = foreignArray([1, 2, 3, 4]);
    const shared = new Float64Array(new SharedArrayBuffer(32));
    shared.set([1, 0, 3, 0]);
    const { loss, grad } = forwardKl({ studentLogits: foreign, teacherLogits: shared, classes: 2 });
    expect(loss).toBeCloseTo(forwardKl(good()).loss, 12);
    expect(Object.prototype.toString.call(grad)).toBe('[object Float32Array]');
    expect([...foreign]).toEqual([1, 2, 3, 4]);
    expect([...shared]).toEqual([1, 0, 3, 0]);
  });

  it('without rows give a loss of 0', () => {
    const empty = new Float32Array(0);
    expect(forwardKl({ studentLogits: empty, teacherLogits: empty, classes: 3 })).toEqual({
      loss: 0,
      grad: empty,
      rows: 0,
    });
    expect(softmax({ logits: empty, classes: 3 })).toEqual(empty);
  });

  it('softmax and log-softmax agree between float32 and float64, at every temperature', () => {
    const logits = Float64Array.from({ length: 120 }, (_, i) => 9 * Math.sin(i * i));
    for (const temperature of [0.01, 1, 1e4, 1e35]) {
      const wide = softmax({ logits, classes: 40, temperature });
      const wideLog = logSoftmax({ logits, classes: 40, temperature });
      const narrow = softmax({ logits: Float32Array.from(logits), classes: 40, temperature });
      const narrowLog = logSoftmax({ logits: Float32Array.from(logits), classes: 40, temperature });
      wide.forEach((p, i) => {
        expect(Math.abs(narrow[i] - p)).toBeLessThan(2e-4 * p + 1e-38);
        expect(Math.abs(narrowLog[i] - wideLog[i])).toBeLessThan(3e-7 * Math.abs(wideLog[i]) + 1e-4);
        expect(Math.abs(Math.log(p || 5e-324) - wideLog[i]) < 1e-9 || wideLog[i] < -700).toBe(true);
      });
    }
  });
});

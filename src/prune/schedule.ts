/** Schedules: which sparsity belongs to which step of training. */
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { checkFraction, checkNumber } from './checks.js';
import { cosine } from './smooth.js';

const FN = 'sparsitySchedule';
const KINDS = ['constant', 'linear', 'polynomial', 'cubic', 'cosine', 'multiStep'] as const;

export type ScheduleKind = (typeof KINDS)[number];

export interface ScheduleOptions {
  /** Sparsity from `end` on; of 'constant' from `begin` on. Not for 'multiStep'. */
  readonly final?: number;
  /** Sparsity before and at `begin`. Default 0. */
  readonly initial?: number;
  /** First step of the ramp. Default 0. */
  readonly begin?: number;
  /** Step at which the ramp has reached `final`; not for 'constant' and 'multiStep'. */
  readonly end?: number;
  /** The sparsity changes only every so many steps from `begin` on, and at `end`. Default 1. */
  readonly frequency?: number;
  /** Of 'polynomial': a whole number from 1 to 64. Default 3. */
  readonly power?: number;
  /** Of 'multiStep': sparsities from these steps on, steps ascending. */
  readonly milestones?: readonly { readonly step: number; readonly sparsity: number }[];
}

/**
 * Returns the sparsity of every step as a function.
 *
 * Formula: with p = clamp((t - begin) / (end - begin), 0, 1), t being the last multiple of frequency after begin, or the step itself from end on:
 * s = final + (initial - final) g(p), g = 1 - p (linear), (1 - p)^power (polynomial), (1 - p)^3 (cubic, Zhu and Gupta), (1 + cos(pi p)) / 2 (cosine). 'constant' is initial
 * before begin and final from it on; 'multiStep' is initial before the first milestone.
 *
 * Numerics: float64, the same bits on every engine; exactly initial up to begin and exactly final from end on, whatever frequency is; monotone and between the two.
 *
 * Compatible with: tfmot's PolynomialDecay (power 3) and ConstantSparsity between their steps; tfmot, which prunes only at multiples of frequency, may stop before final:
 * here the step `end` always has it, as in Distiller. NNI's AGP is 'cubic'.
 *
 * @param kind 'constant', 'linear', 'polynomial', 'cubic', 'cosine' or 'multiStep'
 * @param options initial, final, begin, end, frequency, power, milestones
 * @returns a function of the step, a finite number, to the sparsity
 * @throws TypeError or RangeError for arguments; the function does too.
 * @example
 * const sparsity = sparsitySchedule('cubic', { final: 0.5, begin: 100, end: 200 });
 * sparsity(0); // 0
 * sparsity(150); // 0.4375
 * sparsity(200); // 0.5
 * @see https://arxiv.org/abs/1710.01878
 */
export function sparsitySchedule(kind: ScheduleKind, options: ScheduleOptions): (step: number) => number {
  checkChoice(FN, 'kind', kind, KINDS);
  const given = checkOptions(FN, options, [
    'final',
    'initial',
    'begin',
    'end',
    'frequency',
    'power',
    'milestones',
  ]);
  const initial = checkFraction(FN, 'initial', given.initial ?? 0);
  const at = kind === 'multiStep' ? steps(given.milestones, initial) : ramp(kind, given, initial);
  return (step) => at(checkNumber(FN, 'step', step, -Infinity));
}

function steps(milestones: unknown, initial: number): (step: number) => number {
  if (!Array.isArray(milestones)) {
    const fix = 'for example [{ step: 100, sparsity: 0.5 }]';
    throw typeError(FN, 'milestones', 'a list of steps and sparsities', milestones, fix);
  }
  const list = milestones.map((milestone: { step: number; sparsity: number }, i) => {
    const name = `milestones[${i}]`;
    const own = checkOptions(FN, milestone, ['step', 'sparsity'], name);
    return {
      step: checkNumber(FN, `${name}.step`, own.step, -Infinity),
      sparsity: checkFraction(FN, `${name}.sparsity`, own.sparsity),
    };
  });
  const wrong = list.findIndex(({ step }, i) => i > 0 && step <= list[i - 1].step);
  if (wrong >= 0) {
    const expected = `a step after ${list[wrong - 1].step}`;
    throw rangeError(FN, `milestones[${wrong}].step`, expected, list[wrong].step, 'sort them');
  }
  return (step) => list.filter((milestone) => milestone.step <= step).at(-1)?.sparsity ?? initial;
}

function ramp(
  kind: Exclude<ScheduleKind, 'multiStep'>,
  given: Partial<ScheduleOptions>,
  initial: number,
): (step: number) => number {
  const final = checkFraction(FN, 'final', given.final);
  const begin = checkNumber(FN, 'begin', given.begin ?? 0, -Infinity);
  if (kind === 'constant') return (step) => (step < begin ? initial : final);
  const end = checkNumber(FN, 'end', given.end, -Infinity);
  if (end < begin) throw rangeError(FN, 'end', `at least begin, ${begin}`, end, 'the ramp ends there');
  const frequency = checkInteger(FN, 'frequency', given.frequency ?? 1, 1, Number.MAX_SAFE_INTEGER);
  const power = checkInteger(FN, 'power', given.power ?? 3, 1, 64);
  const [low, high] = [Math.min(initial, final), Math.max(initial, final)];
  return (step) => {
    if (step >= end) return final;
    if (step <= begin) return initial;
    const passed = Math.floor((step - begin) / frequency) * frequency;
    const left = remaining(kind, passed / (end - begin), power);
    return Math.min(high, Math.max(low, final + (initial - final) * left));
  };
}

/** g of the formula: from 1 down to 0. */
function remaining(kind: ScheduleKind, p: number, power: number): number {
  if (kind === 'cosine') return (1 + cosine(p)) / 2;
  const times = kind === 'linear' ? 1 : kind === 'cubic' ? 3 : power;
  let product = 1;
  for (let i = 0; i < times; i++) product *= 1 - p;
  return product;
}

/** What the printed forms of a report share: which figures, in which order, in which words. */
import {
  bytesFigure,
  cosineFigure,
  decibelFigure,
  exactFigure,
  fixedFigure,
  numberFigure,
  percentFigure,
  ratioFigure,
} from '../core/figures.js';
import type { GoalResult, Report, TensorReport } from './types.js';

/** A figure for people, with what it is exactly. */
export interface Figure {
  readonly name: string;
  readonly text: string;
  readonly exact: string;
}

/** The figures of the whole model, the most asked for first. */
export function headlineFigures(report: Report): Figure[] {
  const { ratio, bitsPerWeight, measures } = report;
  return [
    { name: 'Times smaller', text: ratioFigure(ratio), exact: exactFigure(ratio) },
    { name: 'Bits per weight', text: fixedFigure(bitsPerWeight, 2), exact: exactFigure(bitsPerWeight) },
    { name: 'Signal to noise', text: decibelFigure(measures.sqnrDb), exact: exactFigure(measures.sqnrDb) },
    { name: 'Cosine', text: cosineFigure(measures.cosine), exact: exactFigure(measures.cosine) },
    {
      name: 'Relative error',
      text: percentFigure(measures.relativeL2),
      exact: exactFigure(measures.relativeL2),
    },
    { name: 'Largest error', text: numberFigure(measures.maxAbs), exact: exactFigure(measures.maxAbs) },
  ];
}

/** A column of the table of tensors. */
export interface Column {
  readonly name: string;
  /** Empty where the column says nothing about the tensor. */
  readonly text: (tensor: TensorReport) => string;
  /** What stands behind the text: for the small print, and to sort by. */
  readonly value: (tensor: TensorReport) => number;
}

const ofLossy =
  (text: (tensor: TensorReport) => string): Column['text'] =>
  (tensor) =>
    tensor.isLossy ? text(tensor) : '';

/** The columns of numbers, behind name, kind and shape. */
export const COLUMNS: readonly Column[] = [
  { name: 'Before', text: (t) => bytesFigure(t.originalBytes), value: (t) => t.originalBytes },
  { name: 'After', text: (t) => bytesFigure(t.compressedBytes), value: (t) => t.compressedBytes },
  { name: 'Bits per weight', text: (t) => fixedFigure(t.bitsPerWeight, 2), value: (t) => t.bitsPerWeight },
  {
    name: 'Signal to noise',
    text: ofLossy((t) => decibelFigure(t.measures.sqnrDb)),
    value: (t) => t.measures.sqnrDb,
  },
  {
    name: 'Relative error',
    text: ofLossy((t) => percentFigure(t.measures.relativeL2)),
    value: (t) => t.measures.relativeL2,
  },
  {
    name: 'Largest error',
    text: ofLossy((t) => numberFigure(t.measures.maxAbs, 3)),
    value: (t) => t.measures.maxAbs,
  },
  {
    name: 'Proved bound',
    text: ofLossy((t) => numberFigure(t.bound.maxAbs, 3)),
    value: (t) => t.bound.maxAbs,
  },
];

export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ');
}

/** What a goal asks for: '≥ 6.9', '≤ 0.05', or both. */
export function wantedText({ atLeast, atMost }: GoalResult): string {
  const parts: string[] = [];
  if (atLeast !== undefined) parts.push(`≥ ${numberFigure(atLeast)}`);
  if (atMost !== undefined) parts.push(`≤ ${numberFigure(atMost)}`);
  return parts.join(' and ');
}

/** What the goals and the proved bounds came to, as sentences. */
export function verdicts({
  goals,
  isReached,
  isWithinBound,
  tensors,
}: Report): { good: boolean; text: string }[] {
  const missed = goals.filter((goal) => !goal.isReached).length;
  const beyond = tensors.filter((tensor) => !tensor.isWithinBound).length;
  const verdictOnGoals = {
    good: isReached,
    text: isReached
      ? `${counted(goals.length, 'goal')} reached`
      : `${missed} of ${counted(goals.length, 'goal')} missed`,
  };
  const verdictOnBounds = {
    good: isWithinBound,
    text: isWithinBound
      ? 'Every error within its proved bound'
      : `${counted(beyond, 'tensor')} beyond the proved bound: a defect of this library`,
  };
  return goals.length === 0 ? [verdictOnBounds] : [verdictOnGoals, verdictOnBounds];
}

/** '1 tensor', '62 tensors'. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How to read the figures: term and meaning. */
export const GLOSSARY: readonly (readonly [term: string, meaning: string])[] = [
  [
    'Bits per weight',
    'All bytes of the compressed tensor, scales and zero points too, times 8, divided by its elements.',
  ],
  [
    'Signal to noise',
    'Mean square of the weights over mean square of the error, in decibels. 6 dB more is half the error; one bit more gives about 6 dB.',
  ],
  ['Relative error', 'Root of the sum of squared errors divided by that of squared weights: 1 % is 40 dB.'],
  ['Cosine', 'Of the angle between the original and the restored weights: 1 when they point the same way.'],
  ['Largest error', 'Of all elements, |original − restored|, measured in float64.'],
  [
    'Proved bound',
    'What the largest error cannot exceed for any input that gives these codes, float32 rounding included. A bound that is exceeded is a defect of this library.',
  ],
  [
    'Grid',
    'Orange lines over a histogram: the values that codes stand for in the region with the largest scale. Other regions have the same grid, finer.',
  ],
  ['Kept', 'Stored as it was: norms, biases and small tensors, which cost little and matter much.'],
];

/** Several losses as one. */
import { arrayTag } from '../core/array-tag.js';
import { describe, rangeError, typeError } from '../core/errors.js';
import { isPlainObject } from '../core/options.js';
import { checkFloats, checkWeight } from './arguments.js';
import { gradientLike } from './reduce.js';
import type { DistillLoss } from './types.js';

export interface WeightedLoss {
  readonly loss: DistillLoss;
  /** Finite, not negative. */
  readonly weight: number;
}

/**
 * Returns the weighted sum of losses and of their gradients: the usual mixture of labels and teacher.
 *
 * Formula: sum of weight \* loss, in the order given, in float64; weights need not sum to 1. A weight of 0 takes a loss out, an infinite one too.
 *
 * Compatible with: Hinton's (1 - a) CE + a T^2 KL; `alpha` is the weight of the labels in torchdistill, of the teacher elsewhere, so the weights here are named by place.
 *
 * @param parts losses of the same logits, each with its weight
 * @returns loss, a new gradient, and the largest number of rows among the parts
 * @throws TypeError, RangeError for no parts, wrong weights, or gradients of different types or lengths
 * @example
 * const studentLogits = Float64Array.of(1, 2, 3);
 * const soft = forwardKl({ studentLogits, teacherLogits: studentLogits, classes: 3 });
 * const hard = crossEntropy({ studentLogits, classes: 3, labels: [2] });
 * combine([{ loss: soft, weight: 0.9 }, { loss: hard, weight: 0.1 }]).loss; // 0.04076...
 */
export function combine(parts: readonly WeightedLoss[]): DistillLoss {
  if (!Array.isArray(parts)) {
    throw typeError('combine', 'parts', 'an array of {loss, weight}', parts, 'pass at least one');
  }
  if (parts.length === 0) {
    throw rangeError('combine', 'parts', 'at least one {loss, weight}', parts, 'pass one');
  }
  const checked = parts.map((part, i) => checkPart(part, i));
  const first = checked[0].loss.grad;
  for (const { loss } of checked) {
    if (loss.grad.length !== first.length || arrayTag(loss.grad) !== arrayTag(first)) {
      const expected = `gradients of one type and length, ${describe(first)}`;
      throw rangeError('combine', 'parts', expected, loss.grad, 'combine losses of the same logits');
    }
  }
  const grad = gradientLike(first, null);
  for (let i = 0; i < grad.length; i++) {
    let sum = 0;
    for (const { loss, weight } of checked) if (weight !== 0) sum += weight * loss.grad[i];
    grad[i] = sum;
  }
  return {
    loss: checked.reduce((sum, { loss, weight }) => sum + (weight === 0 ? 0 : weight * loss.loss), 0),
    grad,
    rows: Math.max(...checked.map(({ loss }) => loss.rows)),
  };
}

function checkPart(part: unknown, index: number): WeightedLoss {
  const name = `parts[${index}]`;
  if (!isPlainObject(part))
    throw typeError('combine', name, '{loss, weight}', part, 'pass a loss and its weight');
  const { loss, weight } = part as { loss?: unknown; weight?: unknown };
  if (!isPlainObject(loss)) {
    throw typeError('combine', `${name}.loss`, 'the result of a loss', loss, 'pass what a loss returned');
  }
  checkFloats('combine', `${name}.loss.grad`, (loss as { grad?: unknown }).grad);
  return {
    loss: loss as DistillLoss,
    weight: checkWeight('combine', `${name}.weight`, weight),
  };
}

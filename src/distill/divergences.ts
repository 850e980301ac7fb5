/**
 * Losses of one row and their derivatives by log q. d = log q - log p throughout. Sums of p (e^d - 1 - d) stand for sums of p (-d): the same, since
 * p and q both sum to 1, but no term is negative and none cancels. A class with p = 0 then adds q, not 0.
 */
import type { F64 } from '../core/arrays.js';
import {
  exponential,
  exponentialExcess,
  exponentialMinusOne,
  logarithm,
  logarithmOnePlus,
} from '../core/elementary.js';
import type { RowLoss, RowPair } from './types.js';

/** a (e^d - 1 - d) where d = log b - log a: a class's part of KL(a || b). */
export function klTerm(a: number, b: number, d: number): number {
  if (a === 0) return b;
  if (d > -0.5 && d < 0.5) return a * exponentialExcess(d);
  return b - a - a * d;
}

/** b - a, without cancellation where they are close. */
export function difference(a: number, b: number, d: number): number {
  return d > -0.5 && d < 0.5 ? a * exponentialMinusOne(d) : b - a;
}

/** log q - log p; 0 where both are excluded. */
const gap = ({ logQ, logP }: RowPair, i: number): number => (logQ[i] === logP[i] ? 0 : logQ[i] - logP[i]);

/** H(p, q) = -sum of p log q. */
export const crossEntropyRow: RowLoss = ({ classes, p, logQ }, g) => {
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    if (p[i] !== 0) loss -= p[i] * logQ[i];
    g[i] = -p[i];
  }
  return loss;
};

/** KL(p || q). */
export const forwardRow: RowLoss = (pair, g) => {
  const { classes, p, q } = pair;
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    const d = gap(pair, i);
    loss += klTerm(p[i], q[i], d);
    g[i] = difference(p[i], q[i], d);
  }
  return loss;
};

/** KL(q || p). */
export const reverseRow: RowLoss = (pair, g) => {
  const { classes, p, q } = pair;
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    const d = gap(pair, i);
    loss += klTerm(q[i], p[i], -d);
    // Where the teacher excludes a class the loss is infinite, and the gradient is that of the others.
    g[i] = d === Infinity || q[i] === 0 ? 0 : q[i] * d;
  }
  return loss;
};

/** (1 - share) a + share b. */
export function mixedRow(first: RowLoss, second: RowLoss, share: number): RowLoss {
  if (share === 0) return first;
  if (share === 1) return second;
  return (pair, g, row) => {
    const one = first(pair, g, row);
    const kept = g.slice();
    const two = second(pair, g, row);
    for (let i = 0; i < g.length; i++) g[i] = (1 - share) * kept[i] + share * g[i];
    return (1 - share) * one + share * two;
  };
}

/** log(share e^a + (1 - share) e^b), where not both are -Infinity. */
function logMixture(a: number, b: number, logShare: number, logRest: number): number {
  const x = a + logShare;
  const y = b + logRest;
  return x > y
    ? x + logarithmOnePlus(exponential(y - x))
    : y + (x === y ? Math.LN2 : logarithmOnePlus(exponential(x - y)));
}

/**
 * log m - log a of the mixture m of a with b, where e = log b - log a: log1p(share (expm1 e)) for small e, so that equal rows give 0.
 */
function toMixture(e: number, share: number): number {
  if (e > -1 && e < 1) return logarithmOnePlus(share * exponentialMinusOne(e));
  return e === Infinity ? Infinity : logMixture(e, 0, logarithm(share), logarithmOnePlus(-share));
}

/** beta KL(p || m) + (1 - beta) KL(q || m), m = beta p + (1 - beta) q, for beta strictly between 0 and 1. */
export function jsdRow(beta: number): RowLoss {
  return (pair, g) => {
    const { classes, p, q } = pair;
    let loss = 0;
    for (let i = 0; i < classes; i++) {
      const d = gap(pair, i);
      const m = beta * p[i] + (1 - beta) * q[i];
      const fromQ = q[i] === 0 ? 0 : toMixture(-d, beta);
      const fromP = p[i] === 0 ? 0 : toMixture(d, 1 - beta);
      loss += beta * klTerm(p[i], m, fromP) + (1 - beta) * klTerm(q[i], m, fromQ);
      g[i] = -(1 - beta) * q[i] * fromQ;
    }
    return loss;
  };
}

/** KL(p || alpha p + (1 - alpha) q), for alpha strictly between 0 and 1. */
export function skewForwardRow(alpha: number): RowLoss {
  return (pair, g) => {
    const { classes, p, q } = pair;
    let loss = 0;
    for (let i = 0; i < classes; i++) {
      const d = gap(pair, i);
      const m = alpha * p[i] + (1 - alpha) * q[i];
      const toM = p[i] === 0 ? 0 : toMixture(d, 1 - alpha);
      loss += klTerm(p[i], m, toM);
      // (1 - alpha) q (m - p) / m.
      g[i] = (1 - alpha) * q[i] * (p[i] === 0 ? 1 : -exponentialMinusOne(-toM));
    }
    return loss;
  };
}

/** KL(q || (1 - alpha) p + alpha q), for alpha strictly between 0 and 1. */
export function skewReverseRow(alpha: number): RowLoss {
  return (pair, g) => {
    const { classes, p, q } = pair;
    let loss = 0;
    for (let i = 0; i < classes; i++) {
      const d = gap(pair, i);
      const m = (1 - alpha) * p[i] + alpha * q[i];
      const toM = q[i] === 0 ? 0 : toMixture(-d, 1 - alpha);
      loss += klTerm(q[i], m, toM);
      g[i] = -q[i] * (toM + alpha * exponentialMinusOne(-toM));
    }
    return loss;
  };
}

/** Half the sum of |p - q|; the derivative at p = q is 0. */
export const totalVariationRow: RowLoss = (pair, g) => {
  const { classes, p, q } = pair;
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    const change = difference(p[i], q[i], gap(pair, i));
    loss += 0.5 * Math.abs(change);
    g[i] = 0.5 * q[i] * Math.sign(change);
  }
  return loss;
};

/** a p + (1 - a) q - p^a q^(1 - a), never negative: a class's part of 1 - sum of p^a q^(1 - a). */
function meansTerm(p: number, q: number, d: number, a: number): number {
  if (p === 0) return (1 - a) * q;
  if (q === 0) return a * p;
  if (d > -0.5 && d < 0.5)
    return Math.max(0, p * ((1 - a) * exponentialExcess(d) - exponentialExcess((1 - a) * d)));
  return Math.max(0, a * p + (1 - a) * q - p * exponential((1 - a) * d));
}

/** (1 - sum of p^a q^(1 - a)) / (a (1 - a)), for a strictly between 0 and 1. */
export function alphaRow(a: number): RowLoss {
  return (pair, g) => {
    const { classes, p, q } = pair;
    let sum = 0;
    for (let i = 0; i < classes; i++) {
      const d = gap(pair, i);
      sum += meansTerm(p[i], q[i], d, a);
      g[i] = q[i] === 0 ? 0 : (-q[i] * exponentialMinusOne(-a * d)) / a;
    }
    return sum / (a * (1 - a));
  };
}

/** log(sum of p^a q^(1 - a)) / (a - 1), for a strictly between 0 and 1. */
export function renyiRow(a: number): RowLoss {
  return (pair, g) => {
    const { classes, p, q } = pair;
    let sum = 0;
    let missing = 0;
    for (let i = 0; i < classes; i++) {
      const d = gap(pair, i);
      g[i] = p[i] === 0 || q[i] === 0 ? 0 : q[i] * exponential(-a * d);
      sum += g[i];
      missing += meansTerm(p[i], q[i], d, a);
    }
    if (sum < 1e-290) return renyiFar(pair, g, a);
    for (let i = 0; i < classes; i++) {
      // w / sum, or where sum is near 1 its difference to q / sum, which does not cancel: constants times q do not matter.
      if (missing >= 0.5) g[i] = -g[i] / sum;
      else g[i] = q[i] === 0 ? 0 : (-q[i] * exponentialMinusOne(-a * gap(pair, i))) / sum;
    }
    return (missing < 0.5 ? logarithmOnePlus(-missing) : logarithm(sum)) / (a - 1);
  };
}

/** The same where the sum would underflow: through the largest log of p^a q^(1 - a). */
function renyiFar({ classes, logP, logQ }: RowPair, g: F64, a: number): number {
  let most = -Infinity;
  for (let i = 0; i < classes; i++) {
    g[i] = a * logP[i] + (1 - a) * logQ[i];
    most = Math.max(most, g[i]);
  }
  // Not one class in common.
  if (most === -Infinity) {
    g.fill(0);
    return Infinity;
  }
  let sum = 0;
  for (let i = 0; i < classes; i++) {
    g[i] = exponential(g[i] - most);
    sum += g[i];
  }
  for (let i = 0; i < classes; i++) g[i] /= -sum;
  return (most + logarithm(sum)) / (a - 1);
}

/** 1 - sum of sqrt(p q) = half the sum of (sqrt p - sqrt q)^2. */
export const hellingerRow: RowLoss = (pair, g) => {
  const { classes, p, q } = pair;
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    const d = gap(pair, i);
    loss += meansTerm(p[i], q[i], d, 0.5);
    g[i] = q[i] === 0 ? 0 : -0.5 * q[i] * exponentialMinusOne(-0.5 * d);
  }
  return loss;
};

/**
 * Share of reverse KL in adaptive KL: the least likely classes of the teacher, up to a mass of `tail`, have the gap |p - q| of the tail, the
 * others that of the head; the share is tail / (head + tail), 0 at equality.
 */
export function adaptiveShare(pair: RowPair, tail: number, order: Uint32Array): number {
  const { classes, p, q } = pair;
  for (let i = 0; i < classes; i++) order[i] = i;
  order.sort((a, b) => p[a] - p[b] || a - b);
  const gaps = [0, 0];
  let mass = 0;
  for (const i of order) {
    mass += p[i];
    gaps[mass <= tail ? 1 : 0] += Math.abs(difference(p[i], q[i], gap(pair, i)));
  }
  const sum = gaps[0] + gaps[1];
  return sum === 0 ? 0 : gaps[1] / sum;
}

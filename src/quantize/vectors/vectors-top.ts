/** The best of many: a list of the k least costs, and a heap that gives indices by rising keys. */
import type { F64, U32 } from '../../core/arrays.js';

/** The k least costs so far, each with its index; among equal costs the lower index is better. */
export interface Best {
  offer(cost: number, index: number): void;
  /** The k-th least cost, Infinity while there are fewer. */
  worst(): number;
  costs(): readonly number[];
  indices(): readonly number[];
}

export function best(k: number): Best {
  const costs: number[] = [];
  const indices: number[] = [];
  const precedes = (cost: number, index: number, at: number): boolean =>
    cost < costs[at] || (cost === costs[at] && index < indices[at]);
  return {
    offer(cost, index) {
      if (costs.length === k && !precedes(cost, index, k - 1)) return;
      let low = 0;
      let high = costs.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (precedes(cost, index, middle)) high = middle;
        else low = middle + 1;
      }
      costs.splice(low, 0, cost);
      indices.splice(low, 0, index);
      if (costs.length <= k) return;
      costs.pop();
      indices.pop();
    },
    worst: () => (costs.length < k ? Infinity : costs[k - 1]),
    costs: () => costs,
    indices: () => indices,
  };
}

/** Indices of `keys` by rising key: made in linear time, then log n for each index taken. */
export function risingOrder(keys: F64): () => number | undefined {
  const heap: U32 = new Uint32Array(keys.length);
  for (let i = 0; i < heap.length; i++) heap[i] = i;
  let size = heap.length;
  const sink = (start: number): void => {
    const moved = heap[start];
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[heap[child + 1]] < keys[heap[child]]) child++;
      if (!(keys[heap[child]] < keys[moved])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
  };
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(at);
  return () => {
    if (size === 0) return undefined;
    const first = heap[0];
    heap[0] = heap[--size];
    if (size > 0) sink(0);
    return first;
  };
}

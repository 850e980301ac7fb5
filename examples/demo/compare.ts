/** How far two sets of embeddings of the same sentences lie apart, as a user of the embeddings would see it. */

export interface Agreement {
  readonly meanCosine: number;
  readonly minCosine: number;
  /** Fraction of the sentences whose nearest neighbour is the same. */
  readonly sameNeighbour: number;
}

type Vectors = readonly (readonly number[])[];

function cosine(a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

/** For each vector the index of the other one with the largest cosine. */
function neighbours(vectors: Vectors): number[] {
  return vectors.map((vector, i) => {
    let best = -1;
    let largest = -Infinity;
    vectors.forEach((other, j) => {
      const c = i === j ? -Infinity : cosine(vector, other);
      if (c > largest) [largest, best] = [c, j];
    });
    return best;
  });
}

export function agreement(before: Vectors, after: Vectors): Agreement {
  const cosines = before.map((vector, i) => cosine(vector, after[i]));
  const expected = neighbours(before);
  const same = neighbours(after).filter((neighbour, i) => neighbour === expected[i]).length;
  return {
    meanCosine: cosines.reduce((a, b) => a + b) / cosines.length,
    minCosine: Math.min(...cosines),
    sameNeighbour: same / before.length,
  };
}

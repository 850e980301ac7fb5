/** What is promised of masks, at 2^24 elements in ordinary arrays. */
import type { Row } from './rows.js';
import type { Verdict } from './targets.js';

const HALF = 'mask half the magnitudes, exact count';

/** Least quotient of the times of a peer and of the SIMD twin. */
const PEERS: readonly { peer: string; factor: number; aim?: number }[] = [
  { peer: 'numpy partition mask', factor: 1.5, aim: 3 },
  { peer: 'torch topk mask', factor: 10 },
];

const MILLISECONDS_2_OF_4 = 60;
const ELEMENTS = 2 ** 24;

export function judgeMasks(rows: readonly Row[]): Verdict[] {
  const find = (kernel: string, implementation: string): Row | undefined =>
    rows.find(
      (row) =>
        row.kernel === kernel &&
        row.implementation === implementation &&
        row.arrays !== "kernels' memory" &&
        row.elements === ELEMENTS,
    );
  const own = find(HALF, 'simd');
  const peers = PEERS.map(({ peer, factor, aim }): Verdict => {
    const other = find(HALF, peer);
    const target = `${HALF}: simd against ${peer}`;
    const wanted = `>= ${factor}x${aim === undefined ? '' : ` (aim ${aim}x)`}`;
    if (own === undefined || other === undefined) {
      return { target, wanted, measured: '-', verdict: 'not measured' };
    }
    const ratio = other.nsPerElement / own.nsPerElement;
    return { target, wanted, measured: `${ratio.toFixed(1)}x`, verdict: ratio >= factor ? 'pass' : 'below' };
  });
  const pattern = find('mask 2:4', 'simd');
  const milliseconds = ((pattern?.nsPerElement ?? 0) * ELEMENTS) / 1e6;
  const twoOfFour: Verdict = {
    target: 'mask 2:4 of 4096 x 4096',
    wanted: `< ${MILLISECONDS_2_OF_4} ms`,
    measured: pattern === undefined ? '-' : `${milliseconds.toFixed(1)} ms`,
    verdict: pattern === undefined ? 'not measured' : milliseconds < MILLISECONDS_2_OF_4 ? 'pass' : 'below',
  };
  return [...peers, twoOfFour];
}

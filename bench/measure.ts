/** Times a call next to Float32Array.set on equally many elements, so that both see the same machine at the same time. */
import { Bench } from 'tinybench';

export interface Effort {
  /** How often copy, kernel, copy are timed in turn, at most. */
  readonly rounds: number;
  /** Rounds in a row that may bring no better time before it is believed: a busy machine takes more of them. */
  readonly patience: number;
  /** Milliseconds and samples that each of the three gets in one round, at least. */
  readonly time: number;
  readonly iterations: number;
}

export const FULL: Effort = { rounds: 12, patience: 3, time: 25, iterations: 2 };
/** For calls that take so long that a share of a core more or less does not show. */
export const BRIEF: Effort = { rounds: 1, patience: 1, time: 0, iterations: 3 };
export const SMOKE: Effort = { rounds: 1, patience: 1, time: 0, iterations: 1 };

export interface Measurement {
  readonly nsPerElement: number;
  /** Bytes read and written, in 10^9 per second. */
  readonly gigabytesPerSecond: number;
  readonly copyGigabytesPerSecond: number;
  readonly percentOfCopy: number;
}

/** Small calls are timed in batches of this many elements, so that the clock's own time does not count. */
const BATCH_ELEMENTS = 2 ** 18;

/** Bytes that Float32Array.set reads and writes per element. */
const COPY_BYTES = 8;

export class Copy {
  readonly #source: Float32Array;
  readonly #target: Float32Array;

  constructor(elements: number) {
    // Every page is written: a page that never was is one page of zeros that all share, and reading it is free.
    this.#source = new Float32Array(elements).fill(1);
    this.#target = new Float32Array(elements).fill(2);
  }

  run(): void {
    this.#target.set(this.#source);
  }
}

/** The least time of all samples of all rounds, for the call and for the copies around it. */
export function measure(
  run: () => void,
  copy: Copy,
  elements: number,
  bytesPerElement: number,
  effort: Effort,
): Measurement {
  const repeats = effort === SMOKE ? 1 : Math.max(1, Math.floor(BATCH_ELEMENTS / elements));
  const batch = (call: () => void) => (): void => {
    for (let i = 0; i < repeats; i++) call();
  };
  const copyBatch = batch(() => copy.run());
  let kernelMs = Infinity;
  let copyMs = Infinity;
  let stale = 0;
  for (let round = 0; round < effort.rounds && stale < effort.patience; round++) {
    const bench = new Bench({
      time: effort.time,
      iterations: effort.iterations,
      warmup: false,
      throws: true,
    });
    bench.add('copy before', copyBatch);
    bench.add('kernel', batch(run));
    bench.add('copy after', copyBatch);
    const [before, kernel, after] = bench.runSync().map(({ result }) => {
      if (!('latency' in result)) throw new Error(`no measurement: ${result.state}`);
      return result.latency.min;
    });
    const copied = Math.min(before, after);
    stale = kernel < 0.99 * kernelMs || copied < 0.99 * copyMs ? 0 : stale + 1;
    kernelMs = Math.min(kernelMs, kernel);
    copyMs = Math.min(copyMs, copied);
  }
  return fromTimes(kernelMs / repeats, copyMs / repeats, elements, bytesPerElement);
}

/** For a peer that measured itself in another process; the copy is measured here. */
export function measureForeign(
  milliseconds: number,
  copy: Copy,
  elements: number,
  bytesPerElement: number,
  effort: Effort,
): Measurement {
  const { copyGigabytesPerSecond } = measure(() => copy.run(), copy, elements, COPY_BYTES, effort);
  const copyMs = (COPY_BYTES * elements) / copyGigabytesPerSecond / 1e6;
  return fromTimes(milliseconds, copyMs, elements, bytesPerElement);
}

function fromTimes(kernelMs: number, copyMs: number, elements: number, bytesPerElement: number): Measurement {
  const gigabytesPerSecond = (bytesPerElement * elements) / kernelMs / 1e6;
  const copyGigabytesPerSecond = (COPY_BYTES * elements) / copyMs / 1e6;
  return {
    nsPerElement: (kernelMs * 1e6) / elements,
    gigabytesPerSecond,
    copyGigabytesPerSecond,
    percentOfCopy: (100 * gigabytesPerSecond) / copyGigabytesPerSecond,
  };
}

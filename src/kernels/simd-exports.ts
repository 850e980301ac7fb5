/** Signatures of the WebAssembly functions of simd/*.ts: addresses are byte offsets in the kernels' memory. */
export interface SimdExports extends ReduceExports {}

export interface ReduceExports {
  /** `accumulate` 1: start from what out holds. NaN travels as bits above infinity's. */
  absmaxRuns(out: number, x: number, rows: number, width: number, run: number, accumulate: number): void;
  absmaxColumns(out: number, x: number, rows: number, width: number): void;
  minmaxRuns(
    min: number,
    max: number,
    x: number,
    rows: number,
    width: number,
    run: number,
    accumulate: number,
  ): void;
  minmaxColumns(min: number, max: number, x: number, rows: number, width: number): void;
  /** Eight partial sums of x, then eight of x * x, at `lanes`: carried from tile to tile of one run. */
  momentsClear(lanes: number): void;
  momentsLanes(lanes: number, x: number, count: number): void;
  /** `lanes` is room for 16 float64. */
  momentsRuns(out: number, lanes: number, x: number, rows: number, width: number, run: number): void;
  momentsFinish(out: number, lanes: number): void;
  firstNonFinite(x: number, count: number): number;
}

/** Signatures of the WebAssembly functions of simd/*.ts: addresses are byte offsets in the kernels' memory. */
export interface SimdExports extends ReduceExports, AffineExports {}

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

/** `kind`: 0 int8, 1 uint8, 2 int16, 3 uint16. A zeroPoints address of 0 stands for none. */
export interface AffineExports {
  quantizeRuns(
    kind: number,
    out: number,
    x: number,
    scales: number,
    zeroPoints: number,
    rows: number,
    width: number,
    run: number,
    codeMin: number,
    codeMax: number,
    rounding: number,
    division: number,
    seed: number,
    position: number,
  ): void;
  /** 0: products, 1: quotients, 2: use quantizeColumnsSlow. */
  prepareColumns(
    table: number,
    room: number,
    scales: number,
    zeroPoints: number,
    width: number,
    repeats: number,
    codeMin: number,
    codeMax: number,
    division: number,
  ): number;
  quantizeColumns(
    kind: number,
    quotient: number,
    out: number,
    x: number,
    count: number,
    period: number,
    table: number,
    room: number,
  ): void;
  quantizeColumnsSlow(
    kind: number,
    out: number,
    x: number,
    scales: number,
    zeroPoints: number,
    rows: number,
    width: number,
    codeMin: number,
    codeMax: number,
    rounding: number,
    division: number,
    seed: number,
    position: number,
  ): void;
  dequantizeRuns(
    kind: number,
    out: number,
    codes: number,
    scales: number,
    zeroPoints: number,
    rows: number,
    width: number,
    run: number,
  ): void;
  /** 1: the fast path serves all columns. */
  repeatColumns(
    table: number,
    room: number,
    scales: number,
    zeroPoints: number,
    width: number,
    repeats: number,
  ): number;
  dequantizeColumns(
    kind: number,
    fast: number,
    out: number,
    codes: number,
    count: number,
    period: number,
    table: number,
    room: number,
  ): void;
}

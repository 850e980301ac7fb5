/** Signatures of the WebAssembly functions of simd/*.ts: addresses are byte offsets in the kernels' memory. */
export interface SimdExports
  extends
    ReduceExports,
    AffineExports,
    CodebookExports,
    PackExports,
    FloatExports,
    FusedExports,
    MxExports,
    ErrorExports {}

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
    codeMin: number,
    codeMax: number,
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

/** Flat arrays of `count` elements in runs of `run`. Tables have 255 and 256 entries, those of 4 bits 15 and 16. */
export interface CodebookExports {
  /** Fills 32 KiB at `table`; 1: quantizeLevels may use it. */
  prepareKeys(table: number, thresholds: number): number;
  quantizeLevels(
    codes: number,
    x: number,
    scales: number,
    count: number,
    run: number,
    thresholds: number,
    order: number,
    table: number,
  ): void;
  dequantizeLevels(
    out: number,
    codes: number,
    scales: number,
    count: number,
    run: number,
    levels: number,
  ): void;
  quantizeLevels4(
    packed: number,
    x: number,
    scales: number,
    count: number,
    run: number,
    thresholds: number,
    order: number,
  ): void;
  dequantizeLevels4(
    out: number,
    packed: number,
    scales: number,
    count: number,
    run: number,
    levels: number,
  ): void;
}

export interface PackExports {
  packBits(packed: number, codes: number, count: number, bits: number, codeMin: number): void;
  unpackBits(codes: number, packed: number, count: number, bits: number, codeMin: number): void;
}

export interface FloatExports {
  encodeFloat16(out: number, x: number, count: number): void;
  decodeFloat16(out: number, codes: number, count: number): void;
  encodeBfloat16(out: number, x: number, count: number): void;
  decodeBfloat16(out: number, codes: number, count: number): void;
}

/** `kind` of a scale: 0 float32, 1 float16, 2 bfloat16. */
export interface FusedExports {
  quantizePackRuns4(
    packed: number,
    scales: number,
    x: number,
    runs: number,
    run: number,
    divisor: number,
    kind: number,
    codeMin: number,
    codeMax: number,
  ): void;
  /** The two steps of a run that is longer than a tile: absmax at `scale` to scale, then the codes of each piece. */
  scaleRun4(scale: number, divisor: number, kind: number): void;
  packRun4(packed: number, x: number, count: number, scale: number, codeMin: number, codeMax: number): void;
  dequantizePackedRuns4(
    out: number,
    packed: number,
    scales: number,
    zeroPoints: number,
    runs: number,
    run: number,
    codeMin: number,
  ): void;
}

/** `m` mantissa bits; `largest` the bits of the largest finite value; the sign is bit `signPlace` of a code. */
export interface MxExports {
  encodeFloatRuns(
    out: number,
    x: number,
    scales: number,
    rows: number,
    width: number,
    run: number,
    m: number,
    bias: number,
    signPlace: number,
    largest: number,
    quotient: number,
  ): void;
  decodeFloatRuns(
    out: number,
    codes: number,
    scales: number,
    rows: number,
    width: number,
    run: number,
    m: number,
    bias: number,
    signPlace: number,
    maxFiniteCode: number,
  ): void;
  quantizePackMx4(
    packed: number,
    scales: number,
    x: number,
    runs: number,
    run: number,
    factor: number,
    add: number,
    addSubnormal: number,
    offset: number,
    most: number,
  ): void;
  decodePackedFloatRuns4(out: number, packed: number, scales: number, runs: number, run: number): void;
}

export interface ErrorExports {
  /** `lanes` is room for 20 float64, carried from tile to tile. */
  errorClear(lanes: number): void;
  errorLanes(lanes: number, a: number, b: number, count: number): void;
}

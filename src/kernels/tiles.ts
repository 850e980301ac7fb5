/**
 * Tiles: how a kernel that works on addresses reaches arrays that lie anywhere. An array in the kernels' memory is used
 * in place; any other is copied, a tile at a time, through a staging slot with the engine's own `set`.
 */
import type { TypedArray } from '../core/arrays.js';
import { SLOT_BYTES, SLOT_COUNT, WIDE_SLOTS, slotAddress } from './layout.js';

/**
 * Elements of one tile: 256 KiB of float32, so that input and output share a second cache of 1 MiB. Measured
 * (bench/lab/001-tiles.ts, 16 M elements, % of copy bandwidth at 32, 64, 256, 512 and 1024 KiB): absmax 50, 56, 61, 59 and 43,
 * quantize 39, 45, 47, 43 and 32, dequantize 43, 51, 55, 50 and 42.
 */
export const TILE_ELEMENTS: number = 65536;

const TILE_BYTES = 4 * TILE_ELEMENTS;

/** The first input's slot goes on over the second's, where a kernel has no second input. */
const LONG_SLOT = 1;

/** Copies between ordinary arrays and the staging slots of one memory. */
export class Stage {
  /** At most this many elements per tile: the tests use short tiles to cross many edges. */
  readonly tileElements: number;
  readonly #buffer: ArrayBuffer;
  readonly #slots: Uint8Array[] = [];
  /** Bytes of the last copy out of each slot: most tiles are equally long, and a view costs as much as 500 bytes copied. */
  readonly #parts: Uint8Array[] = [];

  constructor(buffer: ArrayBuffer, tileElements: number) {
    this.tileElements = tileElements;
    this.#buffer = buffer;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const length = slot === LONG_SLOT ? 2 * TILE_BYTES : slot < WIDE_SLOTS ? TILE_BYTES : SLOT_BYTES;
      const bytes = new Uint8Array(buffer, slotAddress(slot), length);
      this.#slots.push(bytes);
      this.#parts.push(bytes);
    }
  }

  /** Elements of one tile of a kernel that touches these arrays: no limit when all lie in the memory. */
  elementsFor(...arrays: TypedArray[]): number {
    return arrays.every((array) => array.buffer === this.#buffer) ? Infinity : this.tileElements;
  }

  /**
   * The same for a kernel that reads this array alone and writes next to nothing: two tiles at once, 512 KiB, since nothing else wants the
   * second cache. absmax of 16 M elements: 2.4 ms in place of 2.9, the better one in each of six processes.
   */
  elementsForInput(array: TypedArray): number {
    return array.buffer === this.#buffer ? Infinity : 2 * this.tileElements;
  }

  /** Runs whose parameters or results, `bytes` each, fit in a slot: no limit when these arrays lie in the memory. */
  runsFor(bytes: number, ...arrays: (TypedArray | null)[]): number {
    return arrays.every((array) => array === null || array.buffer === this.#buffer)
      ? Infinity
      : Math.floor(SLOT_BYTES / bytes);
  }

  /** Address of array[begin] with `count` elements behind it, copied into `slot` unless it lies in the memory. */
  read(array: TypedArray, begin: number, count: number, slot: number): number {
    const size = array.BYTES_PER_ELEMENT;
    const from = array.byteOffset + begin * size;
    if (array.buffer === this.#buffer) return from;
    this.#slots[slot].set(new Uint8Array(array.buffer, from, count * size));
    return slotAddress(slot);
  }

  /** Address at which a kernel may write array[begin] and on: in place, or in `slot` until `write` copies it out. */
  place(array: TypedArray, begin: number, slot: number): number {
    return array.buffer === this.#buffer
      ? array.byteOffset + begin * array.BYTES_PER_ELEMENT
      : slotAddress(slot);
  }

  /** Copies `count` elements that a kernel wrote into `slot` to array[begin], unless it wrote them there in place. */
  write(array: TypedArray, begin: number, count: number, slot: number): void {
    if (array.buffer === this.#buffer) return;
    const size = array.BYTES_PER_ELEMENT;
    const bytes = count * size;
    if (this.#parts[slot].length !== bytes) this.#parts[slot] = this.#slots[slot].subarray(0, bytes);
    new Uint8Array(array.buffer, array.byteOffset + begin * size, bytes).set(this.#parts[slot]);
  }
}

/** A piece of a tensor that is cut into runs: itself `rows` x `width` cut into runs of `run`. */
export interface RunTile {
  /** Index of the first element, in the tensor. */
  begin: number;
  rows: number;
  width: number;
  run: number;
  /** Index of the first run, in the tensor, and the number of runs. */
  firstRun: number;
  runs: number;
  /** Whether the tile continues a run that an earlier tile began: then it lies wholly in that run. */
  continues: boolean;
  /** Whether the last run of the tile ends in it. */
  ends: boolean;
}

/**
 * Cuts a tensor into tiles of at most `elements` elements and `runs` runs and visits them in order: whole rows if one
 * fits, else whole runs, else pieces of a run. One tile object is reused for all visits.
 */
export function forEachRunTile(
  rows: number,
  width: number,
  run: number,
  elements: number,
  runs: number,
  visit: (tile: RunTile) => void,
): void {
  if (rows === 0 || width === 0) return;
  let perRow = Math.ceil(width / run);
  if (width % run === 0 && perRow > 1) {
    rows *= perRow;
    width = run;
    perRow = 1;
  }
  const length = Math.min(run, width);
  const tile: RunTile = {
    begin: 0,
    rows: 1,
    width,
    run: length,
    firstRun: 0,
    runs: 1,
    continues: false,
    ends: true,
  };
  const wholeRows = Math.floor(Math.min(elements / width, runs / perRow));
  if (wholeRows >= 1) {
    for (let row = 0; row < rows; row += wholeRows) {
      tile.begin = row * width;
      tile.rows = Math.min(wholeRows, rows - row);
      tile.firstRun = row * perRow;
      tile.runs = tile.rows * perRow;
      visit(tile);
    }
    return;
  }
  const wholeRuns = Math.floor(Math.min(elements / length, runs));
  for (let row = 0; row < rows; row++) {
    if (wholeRuns >= 1) {
      for (let j = 0; j < perRow; j += wholeRuns) {
        tile.begin = row * width + j * length;
        tile.width = Math.min(wholeRuns * length, width - j * length);
        tile.firstRun = row * perRow + j;
        tile.runs = Math.min(wholeRuns, perRow - j);
        visit(tile);
      }
      continue;
    }
    for (let j = 0; j < perRow; j++) {
      const end = Math.min((j + 1) * length, width);
      for (let at = j * length; at < end; at += elements) {
        tile.begin = row * width + at;
        tile.width = Math.min(elements, end - at);
        tile.run = tile.width;
        tile.firstRun = row * perRow + j;
        tile.continues = at > j * length;
        tile.ends = at + tile.width === end;
        visit(tile);
      }
    }
  }
}

/** A piece of a tensor whose columns have parameters: `rows` x `columns` elements, contiguous in memory. */
export interface ColumnTile {
  begin: number;
  rows: number;
  firstColumn: number;
  columns: number;
}

/**
 * Cuts a tensor into column tiles of at most `elements` elements and `columns` columns: whole rows if one fits, else one
 * row's part at a time. `enter` is called before the tiles of each range of columns and `leave` after them, so that parameters are
 * prepared once per range.
 */
export function forEachColumnTile(
  rows: number,
  width: number,
  elements: number,
  columns: number,
  enter: (firstColumn: number, columns: number) => void,
  visit: (tile: ColumnTile) => void,
  leave: (firstColumn: number, columns: number) => void,
): void {
  if (rows === 0 || width === 0) return;
  const tile: ColumnTile = { begin: 0, rows: 1, firstColumn: 0, columns: width };
  const wholeRows = width <= columns ? Math.floor(elements / width) : 0;
  if (wholeRows >= 1) {
    enter(0, width);
    for (let row = 0; row < rows; row += wholeRows) {
      tile.begin = row * width;
      tile.rows = Math.min(wholeRows, rows - row);
      visit(tile);
    }
    leave(0, width);
    return;
  }
  const part = Math.min(elements, columns);
  for (let column = 0; column < width; column += part) {
    tile.firstColumn = column;
    tile.columns = Math.min(part, width - column);
    enter(column, tile.columns);
    for (let row = 0; row < rows; row++) {
      tile.begin = row * width + column;
      visit(tile);
    }
    leave(column, tile.columns);
  }
}

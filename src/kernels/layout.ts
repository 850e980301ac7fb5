/**
 * How the kernels' memory is divided. All addresses are bytes.
 *
 *       0 .. 64 KiB   constants of the WebAssembly module of types.ts (scripts/build-simd.mjs checks that they fit)
 *  64 KiB .. 2.1 MiB  staging slots: where tiles of arrays that lie elsewhere are copied to
 * 2.1 MiB .. 3 MiB    constants of the other families' modules, 64 KiB for each (scripts/simd-layout.mjs)
 *   3 MiB ..          the heap of `allocate`
 *
 * The place of a slot within a page of 4096 bytes decides how fast the engine's `set`, a memmove, is: glibc copies these
 * lengths with `rep movsb`, which AMD processors run a third slower (inwards) to twice as slow (outwards) when the target
 * lies less than a page ahead of the source, counted within the page and not a multiple of 64 bytes (bench/lab/002-places.ts).
 * Large arrays begin 16 bytes into a page in Node, parts of them anywhere. So inputs are copied to the start of a page,
 * ahead of nothing, and outputs from its middle, which is ahead of most.
 */

/** Slots 0 to 2 are wide and hold tiles: by convention 0 the output, 1 and 2 the inputs. A lone input takes both. */
export const WIDE_SLOTS: number = 3;

/** Bytes of a wide slot: one tile of float32 is 256 KiB. */
export const WIDE_SLOT_BYTES: number = 262144 + 65536;

/** Where in its page slot 0, the output, begins. */
const OUTPUT_OFFSET = 2048;

/** Slots 3 to 11 hold parameters and partial results. */
export const SLOT_COUNT: number = 12;

/** Bytes of slots 3 to 11. */
export const SLOT_BYTES: number = 128 * 1024;

/** First byte of staging slot `index`. */
export function slotAddress(index: number): number {
  if (index === 0) return 65536 + OUTPUT_OFFSET;
  const wide = Math.min(index, WIDE_SLOTS);
  return 65536 + wide * WIDE_SLOT_BYTES + (index - wide) * SLOT_BYTES;
}

/** Where `allocate` begins. */
export const HEAP_BEGIN: number = 3 * 1024 * 1024;

/** Bytes of one page of a WebAssembly memory. */
export const PAGE_BYTES: number = 65536;

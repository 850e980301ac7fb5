/**
 * How the kernels' memory is divided. All addresses are bytes.
 *
 *       0 .. 64 KiB   constants of the WebAssembly module (scripts/build-simd.mjs checks that they fit)
 *  64 KiB .. 5 MiB    staging slots: where tiles of arrays that lie elsewhere are copied to
 *   5 MiB ..          the heap of `allocate`
 */

/** Slots 0 to 2 are wide and hold tiles: by convention 0 the output, 1 and 2 the inputs. */
export const WIDE_SLOTS: number = 3;

/** Bytes of a wide slot: one tile and 64 KiB more, for outputs that are a little longer than their input. */
export const WIDE_SLOT_BYTES: number = 1024 * 1024 + 65536;

/** Slots 3 to 11 hold parameters and partial results. */
export const SLOT_COUNT: number = 12;

/** Bytes of slots 3 to 11. */
export const SLOT_BYTES: number = 128 * 1024;

/** First byte of staging slot `index`. */
export function slotAddress(index: number): number {
  const wide = Math.min(index, WIDE_SLOTS);
  return 65536 + wide * WIDE_SLOT_BYTES + (index - wide) * SLOT_BYTES;
}

/** Where `allocate` begins. */
export const HEAP_BEGIN: number = 5 * 1024 * 1024;

/** Bytes of one page of a WebAssembly memory. */
export const PAGE_BYTES: number = 65536;

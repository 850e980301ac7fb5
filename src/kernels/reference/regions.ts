/** The two ways in which a row-major tensor of rows x width is divided; see the head of ../types.ts. */

/** Visits every run with its index and its range of elements. */
export function forEachRun(
  rows: number,
  width: number,
  run: number,
  visit: (index: number, begin: number, end: number) => void,
): void {
  const runsPerRow = Math.ceil(width / run);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < runsPerRow; j++) {
      visit(r * runsPerRow + j, r * width + j * run, r * width + Math.min((j + 1) * run, width));
    }
  }
}

/** Visits every element with its column. */
export function forEachColumn(rows: number, width: number, visit: (column: number, i: number) => void): void {
  for (let r = 0; r < rows; r++) for (let c = 0; c < width; c++) visit(c, r * width + c);
}

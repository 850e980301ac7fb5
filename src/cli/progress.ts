/** A progress bar on one line of a terminal. */
import { bytesFigure } from '../core/figures.js';
import type { Progress } from '../model/types.js';
import { columnsOf, type CliIo } from './io.js';
import { clockText, printable, shorten, widthOf } from './text.js';

export interface ProgressBar {
  update(progress: Progress): void;
  /** Leaves the line empty. */
  clear(): void;
}

/** At most ten pictures per second: more costs time and cannot be read. */
const INTERVAL_MS = 100;
const BAR_WIDTH = 24;
/** A name shorter than this tells nothing. */
const MIN_NAME_WIDTH = 12;
const CLEAR_LINE = '\r\x1b[2K';
const CYAN = '\x1b[36m';
const PLAIN = '\x1b[39m';

/**
 * A bar that draws itself on standard error, or one that does nothing where that is no terminal.
 *
 * @param label what is being done: 'compress'
 */
export function progressBar({ stderr, env, now }: CliIo, label: string): ProgressBar {
  if (!stderr.isTTY || env.TERM === 'dumb') return { update: () => undefined, clear: () => undefined };
  const hasColor = env.NO_COLOR === undefined || env.NO_COLOR === '';
  const start = now();
  let drawnAt = -Infinity;
  // A terminal that is gone is no reason to stop the work.
  const draw = (text: string): void => void stderr.write(text).catch(() => undefined);
  return {
    update(progress) {
      const time = now();
      if (time - drawnAt < INTERVAL_MS) return;
      drawnAt = time;
      const seconds = (time - start) / 1000;
      draw(`${CLEAR_LINE}${progressLine(label, progress, seconds, columnsOf(stderr), hasColor)}`);
    },
    clear() {
      if (drawnAt !== -Infinity) draw(CLEAR_LINE);
      drawnAt = -Infinity;
    },
  };
}

/** One picture: label, bar, share, bytes, speed, time left and tensor, as many of them as the width allows. */
export function progressLine(
  label: string,
  { doneBytes, totalBytes, name }: Progress,
  seconds: number,
  columns: number,
  hasColor: boolean,
): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const bytesPerSecond = seconds > 0 ? doneBytes / seconds : 0;
  const left = (totalBytes - doneBytes) / bytesPerSecond;
  const filled = Math.floor(share * BAR_WIDTH);
  const parts = [
    `${String(Math.floor(share * 100)).padStart(3)}%`,
    `${bytesFigure(doneBytes)} of ${bytesFigure(totalBytes)}`,
    `${bytesFigure(Math.floor(bytesPerSecond))}/s`,
    `${clockText(left)} left`,
  ];
  // The last column stays free: some terminals begin a new line when it is written.
  const room = columns - 1;
  let line = shorten(label, room);
  if (widthOf(line) + 2 + BAR_WIDTH + 2 + parts[0].length <= room) {
    line += `  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
  }
  for (const part of parts) {
    if (widthOf(line) + 2 + part.length > room) return colored(line, hasColor);
    line += `  ${part}`;
  }
  const nameRoom = room - widthOf(line) - 2;
  if (nameRoom >= MIN_NAME_WIDTH) line += `  ${shorten(printable(name), nameRoom)}`;
  return colored(line, hasColor);
}

/** The bar in colour; the rest in that of the terminal. */
function colored(line: string, hasColor: boolean): string {
  return hasColor ? line.replace(/[█░]+/, (bar) => `${CYAN}${bar}${PLAIN}`) : line;
}

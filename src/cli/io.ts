/** What the command line has of the world around it, so that tests can run it in their own process. */

/** Standard output or standard error. */
export interface Output {
  /** Settles once the text was handed over; rejects with the system's error (EPIPE, ENOSPC ...). */
  write(text: string): Promise<void>;
  readonly isTTY: boolean;
  /** Width of the terminal; 0 or undefined where nobody knows. */
  readonly columns: number | undefined;
}

export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the command was called. */
  readonly cwd: string;
  /** Aborted by Ctrl-C and by the system's requests to end. */
  readonly signal: AbortSignal;
  /** Milliseconds from any moment on, never going back. */
  readonly now: () => number;
}

const DEFAULT_COLUMNS = 80;

/** Columns of a terminal, Infinity for files and pipes. A width of 0, which some terminals tell, means unknown. */
export function columnsOf({ isTTY, columns }: Output): number {
  if (!isTTY) return Infinity;
  return columns === undefined || columns <= 0 ? DEFAULT_COLUMNS : columns;
}

/** From errors to exit codes and to the one line that says what went wrong. */
import { FormatError, IoError, NumericError } from '../core/errors.js';
import { printable } from './text.js';

/** What the shell is told. docs/cli.md is its reference. */
export const EXIT = {
  ok: 0,
  /** A file is damaged, a tensor cannot be compressed, a goal is missed. */
  data: 1,
  /** The command line or the recipe asks for something that does not exist. */
  usage: 2,
  /** The system could not read or write. */
  io: 3,
  /** A checksum is wrong. */
  integrity: 4,
  /** A defect of this program. */
  defect: 70,
  /** Ctrl-C, or a request of the system to end. */
  interrupted: 130,
} as const;

/** A command line that cannot be carried out. Worded like all errors, `expected X, got Y - how to fix`. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** The reason that the signal of an interrupted program carries. */
export class Interruption extends Error {
  constructor(signal: string) {
    super(`interrupted by ${signal}: no output was written`);
    this.name = 'Interruption';
  }
}

/** The work was done, and its result is not what was asked for: goals missed, bounds violated. */
export class Complaint extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Complaint';
  }
}

/** Checksums, in files and in single tensors, have codes that end like this. */
const CHECKSUM_CODE = /checksum$/i;
const DATA_ERRORS = [FormatError, NumericError, Complaint] as const;
/** All messages of this library are worded so; the engine's own never are. */
const OWN_WORDING = /^\S.*: .*expected .+ - ./s;

const isArgumentError = (error: unknown): boolean =>
  (error instanceof RangeError || error instanceof TypeError) && OWN_WORDING.test(error.message);

/** The first row that fits decides. */
const EXITS: readonly (readonly [fits: (error: unknown) => boolean, exitCode: number])[] = [
  [(error) => error instanceof Interruption, EXIT.interrupted],
  [(error) => error instanceof UsageError, EXIT.usage],
  // Errors of the system's calls that nobody has worded.
  [(error) => error instanceof IoError || (error instanceof Error && 'syscall' in error), EXIT.io],
  [(error) => error instanceof FormatError && CHECKSUM_CODE.test(error.code), EXIT.integrity],
  [(error) => DATA_ERRORS.some((kind) => error instanceof kind), EXIT.data],
  // The command line was checked before: what the library refuses now lies in the data.
  [isArgumentError, EXIT.data],
];

export function exitCodeOf(error: unknown): number {
  return EXITS.find(([fits]) => fits(error))?.[1] ?? EXIT.defect;
}

export interface Failure {
  readonly exitCode: number;
  /** One line, without the program's name. */
  readonly message: string;
  /** For programs: what `--json` prints. */
  readonly json: object;
  readonly stack: string;
}

export function failureOf(thrown: unknown): Failure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const exitCode = exitCodeOf(error);
  const isDefect = exitCode === EXIT.defect;
  const message = printable(
    isDefect
      ? `defect of tensorslim: ${error.name}: ${error.message} - please report it with what --debug prints`
      : error.message,
  );
  const { code, path, offset, index } = error as Partial<IoError & FormatError & NumericError>;
  // Only what the error has; null says as much as nothing.
  const details = Object.entries({ code, path, offset, index }).filter(([, value]) => value != null);
  return {
    exitCode,
    message,
    json: { error: { name: error.name, exitCode, message, ...Object.fromEntries(details) } },
    stack: error.stack ?? message,
  };
}

/**
 * Runs a call whose arguments come from the command line or a recipe: what the library says against them is a wrong usage.
 * Engine errors pass, because they are defects.
 */
export function asUsage<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw usageOf(error, '');
  }
}

/** The same for work whose errors begin with `subject`; others come from the data. */
export async function refusedAsUsage<T>(subject: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw usageOf(error, subject);
  }
}

function usageOf(error: unknown, subject: string): unknown {
  if (!isArgumentError(error)) return error;
  const { message } = error as Error;
  return message.startsWith(subject) ? new UsageError(message, { cause: error }) : error;
}

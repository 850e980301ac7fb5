/** Every option of every command, each with one meaning. */

export type OptionName =
  | 'output'
  | 'preset'
  | 'recipe'
  | 'candidates'
  | 'goal'
  | 'type'
  | 'pure'
  | 'no-fallback'
  | 'imatrix'
  | 'vocabulary'
  | 'pre-tokenizer'
  | 'force'
  | 'dry-run'
  | 'backend'
  | 'json'
  | 'quiet'
  | 'debug'
  | 'help'
  | 'version';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What the value is called in the help. */
  readonly placeholder?: string;
  /** May be given several times. */
  readonly multiple?: boolean;
  /** One line of help. */
  readonly help: string;
}

/** The values of a command line after parsing. */
export interface OptionValues {
  readonly output?: string;
  readonly preset?: string;
  readonly recipe?: string;
  readonly candidates?: string;
  readonly goal?: readonly string[];
  readonly type?: string;
  readonly pure?: boolean;
  readonly 'no-fallback'?: boolean;
  readonly imatrix?: string;
  readonly vocabulary?: string;
  readonly 'pre-tokenizer'?: string;
  readonly force?: boolean;
  readonly 'dry-run'?: boolean;
  readonly backend?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  readonly help?: boolean;
  readonly version?: boolean;
}

export const OPTIONS: Readonly<Record<OptionName, OptionSpec>> = {
  output: { type: 'string', short: 'o', placeholder: 'PATH', help: 'where the result goes' },
  preset: { type: 'string', short: 'p', placeholder: 'NAME', help: 'a ready-made recipe' },
  recipe: {
    type: 'string',
    short: 'r',
    placeholder: 'FILE',
    help: 'a recipe: .json, .js, .mjs, .cjs or .ts',
  },
  candidates: {
    type: 'string',
    short: 'c',
    placeholder: 'NAMES',
    help: 'presets to try, with commas between them',
  },
  goal: {
    type: 'string',
    short: 'g',
    multiple: true,
    placeholder: 'GOAL',
    help: "a figure to reach, such as 'sqnrDb>=30'; may be repeated",
  },
  type: { type: 'string', short: 't', placeholder: 'NAME', help: 'a mix of types, such as Q4_K_M' },
  pure: { type: 'boolean', help: 'the one type for every matrix, no mix' },
  'no-fallback': {
    type: 'boolean',
    help: 'an error, not another type, where rows are no whole blocks',
  },
  imatrix: { type: 'string', placeholder: 'FILE', help: 'an importance matrix of llama-imatrix' },
  vocabulary: {
    type: 'string',
    placeholder: 'KIND',
    help: 'auto (default), files, bytes or none',
  },
  'pre-tokenizer': {
    type: 'string',
    placeholder: 'NAME',
    help: "llama.cpp's name for how text is cut, where tokenizer.json does not tell",
  },
  force: { type: 'boolean', short: 'f', help: 'replace an output that exists' },
  'dry-run': { type: 'boolean', short: 'n', help: 'show what would be done to every tensor; write nothing' },
  backend: {
    type: 'string',
    placeholder: 'NAME',
    help: 'auto (default), simd or scalar: same bits, other speed',
  },
  json: { type: 'boolean', help: 'results on standard output, errors on standard error, as JSON' },
  quiet: {
    type: 'boolean',
    short: 'q',
    help: 'no progress bar and no text, only errors and what --json prints',
  },
  debug: { type: 'boolean', help: 'show the stack of an error' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  version: { type: 'boolean', help: 'show the version' },
};

/** Options that every command has. */
export const GLOBAL_OPTIONS: readonly OptionName[] = ['backend', 'json', 'quiet', 'debug', 'help', 'version'];

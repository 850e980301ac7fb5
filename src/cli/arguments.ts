/** The command line taken apart: util.parseArgs finds the tokens, the checks and their wording are here. */
import { parseArgs } from 'node:util';
import { quote } from '../core/errors.js';
import { nearestName } from '../core/text.js';
import type { Call, Command } from './command.js';
import { UsageError } from './failure.js';
import { GLOBAL_OPTIONS, OPTIONS, type OptionName, type OptionValues } from './options.js';

export interface Parsed extends Call {
  /** Null when only --help or --version were asked for. */
  readonly command: Command | null;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

const HELP = 'run "tensorslim --help"';

/**
 * The command that `argv` names, with its arguments and options.
 *
 * @param argv what stands behind the program's name
 * @throws UsageError for anything that is not exactly what the command takes.
 */
export function parseArguments(argv: readonly string[], commands: readonly Command[]): Parsed {
  const config = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
  // Not strict: parseArgs would stop with words of its own, over several lines. checkOption is as strict.
  const { tokens } = parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const optionTokens = tokens.filter((token): token is OptionToken => token.kind === 'option');
  const command = commandNamed(positionals[0], commands, optionTokens);
  const values = optionValues(optionTokens, command);
  if (values.help !== true && values.version !== true) {
    if (command === null) throw new UsageError(`expected a command, got none - ${HELP}`);
    checkComplete(command, positionals.slice(1), values);
  }
  return { command, positionals: positionals.slice(1), values };
}

function commandNamed(
  name: string | undefined,
  commands: readonly Command[],
  options: readonly OptionToken[],
): Command | null {
  if (name === undefined) return null;
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const unknown = options.find((token) => !Object.hasOwn(OPTIONS, token.name));
  // An option that does not exist may have left its value standing where the command is looked for.
  if (unknown !== undefined && unknown.index === 0) throw unknownOption(unknown, null);
  const names = commands.map((command) => command.name);
  const near = nearestName(name, names);
  const fix = near === null ? HELP : `did you mean "${near}"?`;
  throw new UsageError(`expected one of the commands ${names.join(', ')}, got ${quote(name)} - ${fix}`);
}

function optionValues(tokens: readonly OptionToken[], command: Command | null): OptionValues {
  const values: Record<string, string | boolean | string[]> = {};
  for (const token of tokens) {
    const name = checkOption(token, command);
    const value = valueOf(token, name);
    if (OPTIONS[name].multiple === true) {
      values[name] = [...((values[name] as string[] | undefined) ?? []), value as string];
      continue;
    }
    if (name in values)
      throw new UsageError(`${token.rawName} expected once, got twice - remove one of them`);
    values[name] = value;
  }
  return values;
}

/** The name of an option that the command has. */
function checkOption(token: OptionToken, command: Command | null): OptionName {
  if (!Object.hasOwn(OPTIONS, token.name)) throw unknownOption(token, command);
  const name = token.name as OptionName;
  if (command !== null && !GLOBAL_OPTIONS.includes(name) && !command.options.includes(name)) {
    const own = command.options.map((option) => `--${option}`).join(', ') || 'no options of its own';
    throw new UsageError(`${command.name} expected its own options, got ${token.rawName} - it has ${own}`);
  }
  return name;
}

function unknownOption({ rawName, name }: OptionToken, command: Command | null): UsageError {
  const known =
    command === null ? (Object.keys(OPTIONS) as OptionName[]) : [...command.options, ...GLOBAL_OPTIONS];
  const near = name.length === 1 ? null : nearestName(name, known);
  const help = command === null ? HELP : `run "tensorslim ${command.name} --help"`;
  const path = `a path that begins with "-" is written "./${rawName}" or comes after "--"`;
  const fix = near === null ? `${help}; ${path}` : `did you mean "--${near}"?`;
  return new UsageError(`expected an option that exists, got ${quote(rawName)} - ${fix}`);
}

function valueOf({ rawName, value, inlineValue }: OptionToken, name: OptionName): string | boolean {
  const { type, placeholder, short } = OPTIONS[name];
  if (type === 'boolean') {
    if (value === undefined) return true;
    throw new UsageError(`${rawName} expected no value, got ${quote(value)} - remove it`);
  }
  if (value === undefined || value === '') {
    throw new UsageError(`${rawName} expected ${placeholder}, got nothing - write it behind the option`);
  }
  if (inlineValue !== true && value.startsWith('-') && value !== '-') {
    throw new UsageError(
      `${rawName} expected ${placeholder}, got what looks like an option, ${quote(value)} - write "--${name}=${value}" if it is meant`,
    );
  }
  if (inlineValue === true && rawName === `-${short}` && value.startsWith('=')) {
    throw new UsageError(
      `${rawName} expected ${placeholder}, got ${quote(value)} - write "--${name}${value}"`,
    );
  }
  return value;
}

function checkComplete(command: Command, positionals: readonly string[], values: OptionValues): void {
  const help = `run "tensorslim ${command.name} --help"`;
  const wanted = command.positionals.join(' ');
  if (positionals.length < command.positionals.length) {
    const missing = command.positionals[positionals.length];
    throw new UsageError(`${command.name} expected ${wanted}, got no ${missing} - ${help}`);
  }
  if (positionals.length > command.positionals.length) {
    const extra = positionals[command.positionals.length];
    throw new UsageError(`${command.name} expected only ${wanted}, got also ${quote(extra)} - ${help}`);
  }
  for (const [i, path] of positionals.entries()) checkPath(path, command.positionals[i]);
  for (const name of command.required ?? []) {
    if (values[name] === undefined) {
      throw new UsageError(
        `${command.name} expected --${name} ${OPTIONS[name].placeholder}, got none - ${help}`,
      );
    }
  }
  if (values.output !== undefined) checkPath(values.output, '--output');
}

function checkPath(path: string, what: string): void {
  if (path === '' || path.includes('\0')) {
    throw new UsageError(`${what} expected a path, got ${quote(path)} - name a file or a folder`);
  }
  if (path === '-') {
    throw new UsageError(
      `${what} expected a path, got "-" - models are read and written at many places, which pipes cannot do; for a file of this name write "./-"`,
    );
  }
}

import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.js';
import type { Command } from '../../src/cli/command.js';
import { UsageError } from '../../src/cli/failure.js';

const inspect: Command = {
  name: 'inspect',
  summary: '',
  positionals: ['MODEL'],
  options: [],
  examples: [],
  run: () => Promise.resolve({ text: '', json: null }),
};
const verify: Command = {
  ...inspect,
  name: 'verify',
  positionals: ['ORIGINAL', 'COMPRESSED'],
  options: ['goal', 'output', 'force'],
  required: ['output'],
};
const COMMANDS = [inspect, verify];

const parse = (...argv: string[]): ReturnType<typeof parseArguments> => parseArguments(argv, COMMANDS);

describe('parseArguments()', () => {
  it('finds command, arguments and options in any order', () => {
    const parsed = parse(
      '--json',
      'verify',
      '-g',
      'ratio>=2',
      'a',
      '--output=b',
      '--goal=cosine>=1',
      'c',
      '-f',
    );
    expect(parsed.command).toBe(verify);
    expect(parsed.positionals).toEqual(['a', 'c']);
    expect(parsed.values).toEqual({ json: true, goal: ['ratio>=2', 'cosine>=1'], output: 'b', force: true });
  });

  it('finds the command behind an option with a value', () => {
    expect(parse('--backend', 'scalar', 'inspect', 'm').command).toBe(inspect);
    expect(parse('-o', 'out', 'verify', 'a', 'b').positionals).toEqual(['a', 'b']);
  });

  it('takes everything behind -- for an argument', () => {
    expect(parse('inspect', '--', '--json').positionals).toEqual(['--json']);
    expect(parse('inspect', '--', '-x').values).toEqual({});
  });

  it('takes a value that looks like an option when it is tied to its own', () => {
    expect(parse('verify', 'a', 'b', '--output=-x').values.output).toBe('-x');
    expect(parse('verify', 'a', 'b', '-oout').values.output).toBe('out');
  });

  it('needs nothing more for help and version', () => {
    expect(parse('--version')).toEqual({ command: null, positionals: [], values: { version: true } });
    expect(parse('verify', '--help')).toEqual({ command: verify, positionals: [], values: { help: true } });
    expect(parse('-h').values).toEqual({ help: true });
  });

  it.each<[string, string[], string]>([
    ['no command', [], 'expected a command, got none - run "tensorslim --help"'],
    ['options alone', ['--json'], 'expected a command, got none - run "tensorslim --help"'],
    ['an unknown command', ['inspct', 'm'], 'got "inspct" - did you mean "inspect"?'],
    ['a command far from all', ['frobnicate'], 'got "frobnicate" - run "tensorslim --help"'],
    ['a path in place of the command', ['model.safetensors'], 'expected one of the commands inspect, verify'],
    ['a name of Object.prototype', ['constructor'], 'expected one of the commands'],
    [
      'an unknown option',
      ['inspect', 'm', '--jsn'],
      'expected an option that exists, got "--jsn" - did you mean "--json"?',
    ],
    ['an unknown option before the command', ['--frce', 'inspect', 'm'], 'got "--frce"'],
    ['an unknown option that swallows the command', ['--unknown', 'x', 'inspect', 'm'], 'got "--unknown"'],
    [
      'an unknown letter',
      ['inspect', 'm', '-z'],
      'got "-z" - run "tensorslim inspect --help"; a path that begins with "-" is written "./-z"',
    ],
    ['an option of Object.prototype', ['inspect', 'm', '--constructor'], 'got "--constructor"'],
    ['--__proto__', ['inspect', 'm', '--__proto__=x'], 'got "--__proto__"'],
    ['--no-json', ['inspect', 'm', '--no-json'], 'got "--no-json"'],
    [
      'an option of another command',
      ['inspect', 'm', '--force'],
      'inspect expected its own options, got --force - it has no options of its own',
    ],
    [
      'an option of yet another command',
      ['verify', 'a', 'b', '--preset=int8'],
      'got --preset - it has --goal, --output, --force',
    ],
    ['a repeated option', ['verify', 'a', 'b', '-o', 'x', '--output=y'], '--output expected once, got twice'],
    ['a repeated switch', ['inspect', 'm', '--json', '--json'], '--json expected once, got twice'],
    ['a value for a switch', ['inspect', 'm', '--json=no'], '--json expected no value, got "no"'],
    ['a missing value', ['verify', 'a', 'b', '-o'], '-o expected PATH, got nothing'],
    ['an empty value', ['verify', 'a', 'b', '--output='], '--output expected PATH, got nothing'],
    [
      'a value that is an option',
      ['verify', 'a', 'b', '-o', '--json'],
      '-o expected PATH, got what looks like an option, "--json" - write "--output=--json"',
    ],
    ['= behind a letter', ['verify', 'a', 'b', '-o=x'], '-o expected PATH, got "=x" - write "--output=x"'],
    ['a missing argument', ['verify', 'a'], 'verify expected ORIGINAL COMPRESSED, got no COMPRESSED'],
    ['an argument too many', ['inspect', 'm', 'n'], 'inspect expected only MODEL, got also "n"'],
    ['an empty path', ['inspect', ''], 'MODEL expected a path, got ""'],
    ['a path with NUL', ['inspect', 'a\0b'], 'MODEL expected a path, got "a\\u0000b"'],
    ['- for a path', ['inspect', '-'], 'MODEL expected a path, got "-"'],
    ['- for an output', ['verify', 'a', 'b', '-o', '-'], '--output expected a path, got "-"'],
    ['a missing option', ['verify', 'a', 'b'], 'verify expected --output PATH, got none'],
  ])('refuses %s', (_, argv, message) => {
    const call = (): unknown => parse(...argv);
    expect(call).toThrow(UsageError);
    expect(call).toThrow(message);
  });
});

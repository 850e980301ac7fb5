/** Help texts, made from the table of commands and options. */
import type { Command } from './command.js';
import { GLOBAL_OPTIONS, OPTIONS, type OptionName } from './options.js';

const DESCRIPTION = 'Compresses neural-network tensors: safetensors and tfjs models.';
const EXIT_CODES = `Exit codes
  0  done                       4    a checksum is wrong
  1  data problem, goal missed  70   a defect of tensorslim
  2  wrong usage                130  interrupted
  3  input or output failed`;

/** What `tensorslim --help` prints. */
export function programHelp(commands: readonly Command[]): string {
  return [
    `Usage: tensorslim COMMAND ... [options]\n\n${DESCRIPTION}`,
    `Commands\n${list(commands.map(({ name, summary }) => [name, summary]))}`,
    `Options of every command\n${optionList(GLOBAL_OPTIONS)}`,
    EXIT_CODES,
    'More about one command: tensorslim COMMAND --help',
  ].join('\n\n');
}

/** What `tensorslim COMMAND --help` prints. */
export function commandHelp({
  name,
  summary,
  positionals,
  options,
  required = [],
  details,
  examples,
}: Command): string {
  const needed = required.map((option) => ` ${optionText(option)}`).join('');
  const sections = [
    `Usage: tensorslim ${[name, ...positionals].join(' ')}${needed} [options]\n\n${summary}`,
    ...(details === undefined ? [] : [details]),
    ...(options.length === 0 ? [] : [`Options\n${optionList(options)}`]),
    `Options of every command\n${optionList(GLOBAL_OPTIONS)}`,
    `Examples\n${examples.map((example) => `  tensorslim ${example}`).join('\n')}`,
  ];
  return sections.join('\n\n');
}

/** Such as '-o, --output PATH'. */
function optionText(name: OptionName): string {
  const { short, placeholder } = OPTIONS[name];
  return `${short === undefined ? '' : `-${short}, `}--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`;
}

function optionList(names: readonly OptionName[]): string {
  const indent = (name: OptionName): string => (OPTIONS[name].short === undefined ? '    ' : '');
  return list(names.map((name) => [indent(name) + optionText(name), OPTIONS[name].help]));
}

function list(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

/** Every command of the program, in the order of its help. */
import type { Command } from './command.js';
import { compressCommand } from './commands/compress.js';
import { convertCommand } from './commands/convert.js';
import { decompressCommand } from './commands/decompress.js';
import { inspectCommand } from './commands/inspect.js';
import { profileCommand } from './commands/profile.js';
import { reportCommand } from './commands/report.js';
import { verifyCommand } from './commands/verify.js';

export const COMMANDS: readonly Command[] = [
  inspectCommand,
  profileCommand,
  compressCommand,
  decompressCommand,
  convertCommand,
  verifyCommand,
  reportCommand,
];

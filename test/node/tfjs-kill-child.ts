/** A program to be killed: `tfjs-kill-child.mjs <folder> <call>` saves the new model and kills itself at that call of the system. */
import { writeFileSync } from 'node:fs';
import { systemIo, type IoFile, type IoPort } from '../../src/node/io.js';
import { saveVersion } from './tfjs-save-model.js';

const [folder, killAt] = process.argv.slice(2);
let calls = 0;

/** The same calls, counted. Dies before the call with an even number and after the one with an odd number. */
function counted<T extends IoPort | IoFile>(port: T): T {
  const wrap =
    (call: (...rest: unknown[]) => Promise<unknown>) =>
    async (...rest: unknown[]) => {
      const dies = ++calls === Number(killAt);
      if (dies && calls % 2 === 0) await die();
      try {
        const result = await call.apply(port, rest);
        return isFile(result) ? counted(result) : result;
      } finally {
        if (dies) await die();
      }
    };
  return Object.fromEntries(
    Object.entries(port).map(([name, call]) => [name, wrap(call as never)]),
  ) as unknown as T;
}

const isFile = (value: unknown): value is IoFile =>
  typeof value === 'object' && value !== null && 'sync' in value;

async function die(): Promise<void> {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
}

await saveVersion(counted(systemIo), folder, 'new');
writeFileSync(1, `end ${calls}\n`);

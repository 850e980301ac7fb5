import { run } from '../../../src/cli/run.js';
import { fakeIo, type FakeIo } from './io.js';

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function cli(argv: readonly string[], parts: Partial<FakeIo> = {}): Promise<Result> {
  const io = fakeIo(parts);
  const code = await run(argv, io);
  return { code, stdout: io.stdout.text, stderr: io.stderr.text };
}

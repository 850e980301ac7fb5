import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { CliIo, Output } from '../../../src/cli/io.js';

/** An output that keeps what it is given. */
export interface FakeOutput extends Output {
  text: string;
}

export function fakeOutput(terminal: Partial<FakeOutput> & ThisType<FakeOutput> = {}): FakeOutput {
  return {
    text: '',
    isTTY: false,
    columns: undefined,
    write(text) {
      this.text += text;
      return Promise.resolve();
    },
    ...terminal,
  };
}

export interface FakeIo extends CliIo {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
}

export function fakeIo(parts: Partial<FakeIo> = {}): FakeIo {
  return {
    stdout: fakeOutput(),
    stderr: fakeOutput(),
    env: {},
    cwd: process.cwd(),
    signal: new AbortController().signal,
    now: () => 0,
    ...parts,
  };
}

/** Gives every test that asks a new empty folder, which is gone after it. */
export function folders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'tensorslim-cli-'));
    made.push(folder);
    return folder;
  };
}

import { describe, expect, it, vi } from 'vitest';
import { start, type OutputStream, type Process } from '../../src/cli/start.js';

interface FakeProcess extends Process {
  readonly written: string[];
  readonly exits: number[];
  emit(signal: string): void;
}

function fakeProcess(argv: readonly string[], failure: Error | null = null): FakeProcess {
  const written: string[] = [];
  const exits: number[] = [];
  const listeners = new Map<string, (signal: string) => void>();
  const stream = (): OutputStream => ({
    columns: 80,
    write: (text, done) => {
      written.push(text);
      done(failure);
    },
    // As a stream does: the error comes to the writer and as an event.
    on: (_, listener) => failure !== null && listener(failure),
  });
  return {
    argv: ['node', 'tensorslim', ...argv],
    env: {},
    stdout: stream(),
    stderr: { ...stream(), isTTY: true },
    written,
    exits,
    cwd: () => process.cwd(),
    on: (event, listener) => listeners.set(event, listener),
    exit: (code) => exits.push(code),
    emit: (signal) => listeners.get(signal)?.(signal),
  };
}

describe('start()', () => {
  it('runs the command line of its process and leaves the exit code', async () => {
    const fine = fakeProcess(['--version']);
    await start(fine);
    expect(fine.exitCode).toBe(0);
    expect(fine.written).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const wrong = fakeProcess([]);
    await start(wrong);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.exits).toEqual([]);
  });

  it('hears of a stream that fails', async () => {
    const full = fakeProcess(
      ['--version'],
      Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' }),
    );
    await start(full);
    expect(full.exitCode).toBe(3);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('ends at once at the second %s', async (signal) => {
    const twice = fakeProcess(['profile', 'gone.safetensors']);
    const done = start(twice);
    twice.emit(signal);
    expect(twice.exits).toEqual([]);
    twice.emit(signal);
    expect(twice.exits).toEqual([130]);
    await done;
  });

  it('is what the program does', async () => {
    const [argv, write] = [process.argv, process.stdout.write];
    const written: string[] = [];
    process.argv = ['node', 'tensorslim', '--version'];
    process.stdout.write = ((text: string, done: () => void) => {
      written.push(text);
      done();
      return true;
    }) as typeof process.stdout.write;
    try {
      await import('../../src/cli/main.js');
      await vi.waitFor(() => expect(written).toHaveLength(1));
    } finally {
      process.argv = argv;
      process.stdout.write = write;
      process.exitCode = 0;
    }
    expect(written[0]).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

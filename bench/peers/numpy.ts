/** numpy in a process of its own, where python3 and numpy are installed: it times itself and hands its result back. */
import { spawnSync } from 'node:child_process';
import type { F32, TypedArray, U8 } from '../../src/core/arrays.js';

/** Expressions over x (float32), codes (int8) and scale (float32), and the type of their results. */
const EXPRESSIONS: Readonly<Record<string, { readonly python: string; read(bytes: U8): TypedArray }>> = {
  absmax: { python: 'np.abs(x).max()', read: (bytes) => new Float32Array(bytes.buffer) },
  'rint-clip-astype': {
    python: 'np.clip(np.rint(x * reciprocal), -127, 127).astype(np.int8)',
    read: (bytes) => new Int8Array(bytes.buffer),
  },
  'astype-multiply': {
    python: 'codes.astype(np.float32) * scale',
    read: (bytes) => new Float32Array(bytes.buffer),
  },
  'astype float16': { python: 'x.astype(np.float16)', read: (bytes) => new Uint16Array(bytes.buffer) },
  'partition mask': {
    python: '((a := np.abs(x)) >= np.partition(a, a.size // 2)[a.size // 2]).view(np.uint8)',
    read: (bytes) => bytes,
  },
  'float16 astype': {
    python: 'half.astype(np.float32)',
    read: (bytes) => new Float32Array(bytes.buffer),
  },
};

const PROGRAM = `
import sys, time
import numpy as np
expression, repeats = sys.argv[1], int(sys.argv[2])
x = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32)
scale = np.float32(np.abs(x).max()) / np.float32(127)
reciprocal = np.float32(1) / scale
codes = np.clip(np.rint(x * reciprocal), -127, 127).astype(np.int8)
half = x.astype(np.float16)
work = compile(expression, "expression", "eval")
best, stale = float("inf"), 0
while repeats > 0 and stale < 9:
    begin = time.perf_counter()
    result = eval(work)
    seconds = time.perf_counter() - begin
    stale = 0 if seconds < 0.99 * best else stale + 1
    best = min(best, seconds)
    repeats -= 1
sys.stderr.write(repr(best * 1000))
sys.stdout.buffer.write(np.asarray(result).tobytes())
`;

export function hasNumpy(): boolean {
  return spawnSync('python3', ['-c', 'import numpy']).status === 0;
}

/** Best time in milliseconds of at most `repeats`, fewer when nine in a row bring no better one; and the result. */
export function runNumpy(
  name: string,
  x: F32,
  repeats: number,
): { milliseconds: number; result: TypedArray } {
  const { python, read } = EXPRESSIONS[name];
  const { status, stdout, stderr } = spawnSync('python3', ['-c', PROGRAM, python, String(repeats)], {
    input: new Uint8Array(x.buffer, x.byteOffset, x.byteLength),
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`numpy failed on ${name}: ${stderr.toString()}`);
  return { milliseconds: Number(stderr.toString()), result: read(Uint8Array.from(stdout)) };
}

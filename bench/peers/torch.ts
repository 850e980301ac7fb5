/** torch on one thread of its CPU backend in a process of its own, where python3 has it: it times itself and hands its result back. */
import { spawnSync } from 'node:child_process';
import type { F32, TypedArray, U8 } from '../../src/core/arrays.js';

/** Statements over x (float32) that leave `result`, and the type of it. */
const STATEMENTS: Readonly<Record<string, { readonly python: string; read(bytes: U8): TypedArray }>> = {
  'topk mask': {
    python:
      'result = torch.zeros(x.numel(), dtype=torch.uint8); result[torch.topk(x.abs(), x.numel() // 2).indices] = 1',
    read: (bytes) => bytes,
  },
};

const PROGRAM = `
import sys, time
import numpy as np
import torch
torch.set_num_threads(1)
statement, repeats = sys.argv[1], min(9, int(sys.argv[2]))
x = torch.from_numpy(np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32).copy())
work = compile(statement, "statement", "exec")
best = float("inf")
for _ in range(repeats):
    begin = time.perf_counter()
    exec(work)
    best = min(best, time.perf_counter() - begin)
sys.stderr.write(repr(best * 1000))
sys.stdout.buffer.write(result.numpy().tobytes())
`;

export function hasTorch(): boolean {
  return spawnSync('python3', ['-c', 'import torch']).status === 0;
}

/** Best time in milliseconds of at most nine, and the result. */
export function runTorch(
  name: string,
  x: F32,
  repeats: number,
): { milliseconds: number; result: TypedArray } {
  const { python, read } = STATEMENTS[name];
  const { status, stdout, stderr } = spawnSync('python3', ['-c', PROGRAM, python, String(repeats)], {
    input: new Uint8Array(x.buffer, x.byteOffset, x.byteLength),
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`torch failed on ${name}: ${stderr.toString()}`);
  return { milliseconds: Number(stderr.toString()), result: read(Uint8Array.from(stdout)) };
}

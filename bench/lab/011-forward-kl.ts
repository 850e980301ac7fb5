/**
 * Experiment 11: forward KL with gradient and softmax of 64 x 32,000 float32 logits, one thread, all in one run: medians of the processor's time, which does not
 * count what other programs take. A loop with Math.exp, as it is usually written (log-softmax of both, p log p / q, q - p), the scalar twin, the SIMD
 * twin from ordinary arrays and from the kernels' memory, and torch where `TORCH_PYTHON` names a Python that has it.
 * Shown: 10.2 and 8.5 ms (softmax 2.6 and 2.0), loop 73, scalar 156; before the second and third step below 19 and 18 ms (softmax 6.2 and 5.6), torch 10.
 * The pass over both rows took 27 ms when it computed two exponentials a class, 8 since the gradient's array brings the teacher's from the pass that sums
 * them: the SIMD code had run out of registers. Then, in ns per element of 2^24 in the kernels' memory: the largest 0.49 to 0.15 (pseudo-maxima, NaN apart),
 * exponentials 2.03 to 0.98 (pseudo-minima to clamp, which are one instruction, and an addition to the exponent where 16 results are normal) with the same
 * bits, to 0.88 with degree 6 in place of 7. Sums of float32 pairs were not taken: beside an exponential of 1 they lose those that make a small loss.
 */
import { spawnSync } from 'node:child_process';
import { createRandom } from '../../src/core/random.js';
import { forwardKl, softmax } from '../../src/distill/index.js';
import { setBackend } from '../../src/kernels/dispatch.js';
import { allocate } from '../../src/kernels/memory.js';

const ROWS = 64;
const CLASSES = 32_000;

const random = createRandom(1);
const studentLogits = Float32Array.from({ length: ROWS * CLASSES }, () => 3 * random.normal());
const teacherLogits = Float32Array.from({ length: ROWS * CLASSES }, () => 3 * random.normal());
const out = new Float32Array(ROWS * CLASSES);

const near = { student: allocate(out.length, 'float32'), teacher: allocate(out.length, 'float32') };
near.student.set(studentLogits);
near.teacher.set(teacherLogits);
const nearOut = allocate(out.length, 'float32');

function loop(): number {
  const logQ = new Float32Array(CLASSES);
  const logP = new Float32Array(CLASSES);
  let loss = 0;
  for (let row = 0; row < ROWS; row++) {
    logSoftmaxLoop(logQ, studentLogits, row * CLASSES);
    logSoftmaxLoop(logP, teacherLogits, row * CLASSES);
    for (let i = 0; i < CLASSES; i++) {
      const p = Math.exp(logP[i]);
      loss += p * (logP[i] - logQ[i]);
      out[row * CLASSES + i] = (Math.exp(logQ[i]) - p) / ROWS;
    }
  }
  return loss / ROWS;
}

function logSoftmaxLoop(log: Float32Array, x: Float32Array, at: number): void {
  let most = -Infinity;
  for (let i = 0; i < CLASSES; i++) most = Math.max(most, x[at + i]);
  let sum = 0;
  for (let i = 0; i < CLASSES; i++) sum += Math.exp(x[at + i] - most);
  const logSum = most + Math.log(sum);
  for (let i = 0; i < CLASSES; i++) log[i] = x[at + i] - logSum;
}

/** Median processor time of 15 runs, in milliseconds, after 5. */
function median(work: () => void): number {
  const times: number[] = [];
  for (let trial = -5; trial < 15; trial++) {
    const begin = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begin);
    if (trial >= 0) times.push((user + system) / 1000);
  }
  return times.sort((a, b) => a - b)[7];
}

const report = (name: string, ms: number): void => {
  process.stdout.write(
    `${name}: ${ms.toFixed(1)} ms, ${((ms * 1e6) / out.length).toFixed(2)} ns per logit\n`,
  );
};

const ordinary = { studentLogits, teacherLogits, classes: CLASSES, out };
const inMemory = { studentLogits: near.student, teacherLogits: near.teacher, classes: CLASSES, out: nearOut };
const [wanted, got] = [loop(), forwardKl(ordinary).loss];
if (Math.abs(wanted - got) > 1e-5 * wanted) throw new Error(`the loop says ${wanted}, forwardKl ${got}`);

report(
  'copy',
  median(() => out.set(studentLogits)),
);
report('loop with Math.exp', median(loop));
report(
  'forwardKl, simd, ordinary arrays',
  median(() => forwardKl(ordinary)),
);
report(
  "forwardKl, simd, kernels' memory",
  median(() => forwardKl(inMemory)),
);
report(
  'softmax, simd, ordinary arrays',
  median(() => softmax({ logits: studentLogits, classes: CLASSES, out })),
);
report(
  "softmax, simd, kernels' memory",
  median(() => softmax({ logits: near.student, classes: CLASSES, out: nearOut })),
);
setBackend('scalar');
report(
  'forwardKl, scalar',
  median(() => forwardKl(ordinary)),
);

const TORCH = `
import time, torch
import torch.nn.functional as F
torch.set_num_threads(1)
s = (3 * torch.randn(${ROWS}, ${CLASSES})).requires_grad_()
t = 3 * torch.randn(${ROWS}, ${CLASSES})
times = []
for _ in range(15):
    s.grad = None
    begin = time.process_time()
    F.kl_div(F.log_softmax(s, 1), F.log_softmax(t, 1), reduction="batchmean", log_target=True).backward()
    times.append(time.process_time() - begin)
print(torch.__version__, 1e3 * sorted(times)[7])
`;
if (process.env.TORCH_PYTHON !== undefined) {
  const { stdout } = spawnSync(process.env.TORCH_PYTHON, ['-c', TORCH], { encoding: 'utf8' });
  const [version, ms] = stdout.trim().split(' ');
  report(`torch ${version}, one thread`, Number(ms));
}

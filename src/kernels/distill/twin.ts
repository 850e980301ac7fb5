/** Softmax and divergences over the WebAssembly functions of distill/simd: a row goes through in tiles, each a multiple of four elements. */
import type { Module } from '../family.js';
import { scalarDistill } from './scalar.js';
import type { DistillKernels } from './types.js';

/** Staging slots. */
const OUT = 0;
const FIRST = 1;
const SECOND = 2;
const TOTALS = 3;

/** Below it the calls cost more than the work. */
const FEW = 32;

export interface DistillExports {
  largest(x: number, count: number): number;
  exponentials(out: number, x: number, count: number, shift: number, scale: number, totals: number): void;
  multiply(x: number, count: number, factor: number): void;
  logSoftmax(out: number, x: number, count: number, shift: number, scale: number, logSum: number): void;
  backward(out: number, q: number, g: number, count: number, total: number, factor: number): void;
  forwardKl(
    gradient: number,
    student: number,
    teacher: number,
    count: number,
    scale: number,
    studentMax: number,
    studentLog: number,
    teacherMax: number,
    teacherShare: number,
    logDifference: number,
    factor: number,
    totals: number,
  ): void;
}

/** Cuts [begin, begin + count) into tiles. */
function tiles(begin: number, count: number, step: number, visit: (at: number, count: number) => void): void {
  for (let done = 0; done < count; done += step) visit(begin + done, Math.min(step, count - done));
}

export function simdDistill({ exports: wasm, stage }: Module<DistillExports>): DistillKernels {
  return {
    name: 'simd',

    largest(x, begin, count) {
      if (count < FEW) return scalarDistill.largest(x, begin, count);
      let most = -Infinity;
      tiles(begin, count, stage.elementsFor(x), (at, n) => {
        most = Math.max(most, wasm.largest(stage.read(x, at, n, FIRST), n));
      });
      return most;
    },

    exponentials(out, x, begin, count, shift, scale, totals) {
      if (count < FEW) {
        scalarDistill.exponentials(out, x, begin, count, shift, scale, totals);
        return;
      }
      const sums = stage.read(totals, 0, 4, TOTALS);
      tiles(begin, count, out === null ? stage.elementsFor(x) : stage.elementsFor(x, out), (at, n) => {
        const to = out === null ? 0 : stage.place(out, at, OUT);
        wasm.exponentials(to, stage.read(x, at, n, FIRST), n, shift, scale, sums);
        if (out !== null) stage.write(out, at, n, OUT);
      });
      stage.write(totals, 0, 4, TOTALS);
    },

    multiply(x, begin, count, factor) {
      if (count < FEW) {
        scalarDistill.multiply(x, begin, count, factor);
        return;
      }
      tiles(begin, count, stage.elementsFor(x), (at, n) => {
        wasm.multiply(stage.read(x, at, n, OUT), n, factor);
        stage.write(x, at, n, OUT);
      });
    },

    logSoftmax(out, x, begin, count, shift, scale, logSum) {
      if (count < FEW) {
        scalarDistill.logSoftmax(out, x, begin, count, shift, scale, logSum);
        return;
      }
      tiles(begin, count, stage.elementsFor(x, out), (at, n) => {
        const to = stage.place(out, at, OUT);
        wasm.logSoftmax(to, stage.read(x, at, n, FIRST), n, shift, scale, logSum);
        stage.write(out, at, n, OUT);
      });
    },

    backward(out, q, g, begin, count, total, factor) {
      tiles(begin, count, stage.elementsFor(out, q, g), (at, n) => {
        const first = stage.read(q, at, n, FIRST);
        wasm.backward(stage.place(out, at, OUT), first, stage.read(g, at, n, SECOND), n, total, factor);
        stage.write(out, at, n, OUT);
      });
    },

    forwardKl(gradient, student, teacher, begin, count, rule, totals) {
      if (count < FEW) {
        scalarDistill.forwardKl(gradient, student, teacher, begin, count, rule, totals);
        return;
      }
      const sums = stage.read(totals, 0, 4, TOTALS);
      tiles(begin, count, stage.elementsFor(gradient, student, teacher), (at, n) => {
        wasm.forwardKl(
          stage.read(gradient, at, n, OUT),
          stage.read(student, at, n, FIRST),
          stage.read(teacher, at, n, SECOND),
          n,
          rule.scale,
          rule.studentMax,
          rule.studentLog,
          rule.teacherMax,
          rule.teacherShare,
          rule.logDifference,
          rule.factor,
          sums,
        );
        stage.write(gradient, at, n, OUT);
      });
      stage.write(totals, 0, 4, TOTALS);
    },
  };
}

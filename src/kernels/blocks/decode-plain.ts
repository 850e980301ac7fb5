/** Decoders of blocks with one scale and whole-number codes: one float32 product per element, and a sum where there is a minimum. */
import type { F32, U8 } from '../../core/arrays.js';
import { getHalf } from './half.js';

export function decodeQ40(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 32) {
    const d = getHalf(bytes, at);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 2 + j];
      out[to + j] = ((byte & 15) - 8) * d;
      out[to + j + 16] = ((byte >> 4) - 8) * d;
    }
  }
}

export function decodeQ41(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 20, to += 32) {
    const d = getHalf(bytes, at);
    const m = getHalf(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 4 + j];
      out[to + j] = Math.fround((byte & 15) * d) + m;
      out[to + j + 16] = Math.fround((byte >> 4) * d) + m;
    }
  }
}

const word = (bytes: U8, at: number): number =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

export function decodeQ50(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 22, to += 32) {
    const d = getHalf(bytes, at);
    const high = word(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 6 + j];
      out[to + j] = (((byte & 15) | (((high >>> j) & 1) << 4)) - 16) * d;
      out[to + j + 16] = (((byte >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16) * d;
    }
  }
}

export function decodeQ51(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 24, to += 32) {
    const d = getHalf(bytes, at);
    const m = getHalf(bytes, at + 2);
    const high = word(bytes, at + 4);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 8 + j];
      out[to + j] = Math.fround(((byte & 15) | (((high >>> j) & 1) << 4)) * d) + m;
      out[to + j + 16] = Math.fround(((byte >> 4) | (((high >>> (j + 16)) & 1) << 4)) * d) + m;
    }
  }
}

export function decodeQ80(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 34, to += 32) {
    const d = getHalf(bytes, at);
    for (let j = 0; j < 32; j++) out[to + j] = ((bytes[at + 2 + j] << 24) >> 24) * d;
  }
}

export function decodeQ10(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 128) {
    const d = getHalf(bytes, at);
    for (let j = 0; j < 128; j++) out[to + j] = ((bytes[at + 2 + (j >> 3)] >> (j & 7)) & 1) === 1 ? d : -d;
  }
}

export function decodeQ20(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 64) {
    const d = getHalf(bytes, at);
    for (let j = 0; j < 64; j++) out[to + j] = (((bytes[at + 2 + (j >> 2)] >> (2 * (j & 3))) & 3) - 1) * d;
  }
}

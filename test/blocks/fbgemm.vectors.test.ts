import { describe, expect, it } from 'vitest';
import { decodeFbgemmRows, encodeFbgemmRows } from 'tensorslim/blocks';
import { readGolden } from '../support/golden.js';

const golden = readGolden('fbgemm.safetensors');

describe.each([44, 4])('%s columns against the operators of torch', (columns) => {
  const x = golden.get(`${columns}/x`) as { data: Float32Array; shape: [number, number] };

  it.each([8, 4, 2] as const)('makes the same rows of %s bits, and reads them to the same bits', (bits) => {
    const wanted = golden.get(`${columns}/${bits}/bytes`)?.data as Uint8Array;
    const rows = encodeFbgemmRows(x, { bits });
    for (let r = 0; r < x.shape[0]; r++) {
      const [from, to] = [r * rows.rowBytes, (r + 1) * rows.rowBytes];
      expect([r, ...rows.bytes.subarray(from, to)]).toEqual([r, ...wanted.subarray(from, to)]);
    }
    const values = decodeFbgemmRows(wanted, { bits, shape: x.shape });
    expect(values).toEqual(golden.get(`${columns}/${bits}/values`)?.data);
  });
});

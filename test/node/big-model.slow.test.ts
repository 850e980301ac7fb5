import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from 'tensorslim/node';
import { buildHeader } from 'tensorslim/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, temporaryFolder } from '../support/bundle.js';

const GIB = 2 ** 30;
const TENSORS = 20;
const LARGEST = GIB / 4;

/** 5 GiB that take no room on the disk: zeros, and one number near the end of each tensor. */
function writeSparseModel(path: string): void {
  const shape = [8192, LARGEST / 4 / 8192];
  const names = Array.from({ length: TENSORS }, (_, i) => `layers.${i}.weight`);
  const { bytes, entries, dataLength } = buildHeader(
    names.map((name) => ({ name, dtype: 'float32', shape })),
  );
  const file = openSync(path, 'w');
  writeSync(file, bytes);
  ftruncateSync(file, bytes.length + dataLength);
  names.forEach((name, i) => {
    const end = entries.get(name)?.end ?? 0;
    writeSync(file, new Uint8Array(Float32Array.of(i + 1).buffer), 0, 4, bytes.length + end - 4);
  });
  closeSync(file);
}

describe('a model of 5 GiB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensorslim-big-'));
  const input = join(folder, 'model.safetensors');
  const program = join(temporaryFolder('big-model'), 'compress-big.mjs');

  beforeAll(async () => {
    writeSparseModel(input);
    await bundle({ entryPoints: ['test/node/programs/compress-big.ts'], outfile: program, platform: 'node' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is inspected without reading its data', async () => {
    const model = await openModel(input);
    expect(statSync(input).size).toBeGreaterThan(5 * GIB);
    expect(model.entries.size).toBe(TENSORS);
    const last = Array.from(model.entries.keys()).at(-1) ?? '';
    const { data } = await model.read(last);
    expect(data.at(-1)).toBe(Number(last.split('.')[1]) + 1);
    await model.close();
  });

  it.each(['int8', 'int4-g32', 'float16'])(
    'is compressed by %s within twice its largest tensor and 128 MB',
    (preset) => {
      const output = join(folder, `${preset}.safetensors`);
      const text = execFileSync(process.execPath, [program, input, output, preset], { encoding: 'utf8' });
      const { bytes, peakBytes, planned } = JSON.parse(text) as Record<string, number>;
      expect(statSync(output).size).toBe(bytes);
      expect(bytes - planned).toBeLessThan(2 ** 20);
      expect(peakBytes).toBeLessThanOrEqual(2 * LARGEST + 128e6);
      console.log(
        `${preset}: peak ${(peakBytes / 1e6).toFixed(0)} MB of ${((2 * LARGEST + 128e6) / 1e6).toFixed(0)} MB`,
      );
      rmSync(output);
    },
  );
});

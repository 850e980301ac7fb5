import * as root from 'tensorslim';
import * as quantize from 'tensorslim/quantize';
import { expect, it } from 'vitest';

it('the front door opens to the ground floor, the quantizers and the union of compressed tensors', () => {
  const names = [
    'DTYPES',
    'FormatError',
    'IoError',
    'NumericError',
    'allocate',
    'backend',
    'byteSize',
    'castFloat',
    'chooseQParams',
    'createRandom',
    'decodeFloat',
    'decompress',
    'dequantizeAffine',
    'dequantizeFloat',
    'dtypeFrom',
    'errorBound',
    'fakeQuantize',
    'free',
    'fromBytes',
    'isDType',
    'measureError',
    'quantizeAffine',
    'quantizeFloat',
    'quantizeWith',
    'setBackend',
    'tensor',
    'toBytes',
  ];
  expect(Object.keys(root)).toEqual(expect.arrayContaining(names));
  expect(root).not.toHaveProperty('default');
});

it('the quantize room and the front door give the same things under the same names', () => {
  const shared = Object.entries(quantize).filter(([name]) => name in root);
  expect(shared.length).toBeGreaterThanOrEqual(9);
  for (const [name, value] of shared) expect([name, root[name as keyof typeof root]]).toEqual([name, value]);
});

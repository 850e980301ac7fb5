import { kernelsOf } from '../../src/kernels/dispatch.js';
import type { KernelCase } from './case.js';

const encodeCase = (name: 'Float16' | 'Bfloat16', numpy: Pick<KernelCase, 'numpy'>): KernelCase => ({
  name: `${name.toLowerCase()} encode`,
  bytesPerElement: 6,
  trial: (kernels, source, room) => {
    const x = room.input(source);
    const codes = room.uint16(x.length);
    return { run: () => kernels[`encode${name}`](codes, x), result: () => [codes] };
  },
  ...numpy,
  peers: [],
});

const decodeCase = (name: 'Float16' | 'Bfloat16', numpy: Pick<KernelCase, 'numpy'>): KernelCase => ({
  name: `${name.toLowerCase()} decode`,
  bytesPerElement: 6,
  trial: (kernels, source, room) => {
    const codes = room.uint16(source.length);
    kernelsOf('scalar')[`encode${name}`](codes, source);
    const out = room.float32(source.length);
    return { run: () => kernels[`decode${name}`](out, codes), result: () => [out] };
  },
  ...numpy,
  peers: [],
});

export const floatCases: readonly KernelCase[] = [
  encodeCase('Float16', { numpy: 'astype float16' }),
  decodeCase('Float16', { numpy: 'float16 astype' }),
  encodeCase('Bfloat16', {}),
  decodeCase('Bfloat16', {}),
];

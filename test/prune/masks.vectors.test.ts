import { describe, expect, it } from 'vitest';
import { maskStructured, maskTopK } from '../../src/prune/index.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('torch-prune.safetensors');
const get = (name: string): { data: Float32Array; shape: number[] } =>
  golden.get(`prune/${name}`) as { data: Float32Array; shape: number[] };
const w = get('w');

describe('the masks of torch.nn.utils.prune 2.13.0', () => {
  it.each(['0.1', '0.5', '0.75'])('l1_unstructured, amount %s', (amount) => {
    const mask = maskTopK(w, { sparsity: Number(amount), order: 'magnitude', compat: 'torch' });
    expect([...mask]).toEqual([...get(`l1_unstructured/${amount}`).data]);
  });

  it.each([1, 2].flatMap((n) => ['0.1', '0.5', '0.75'].map((amount) => [n, amount] as const)))(
    'ln_structured, n = %s, dim = 0, amount %s',
    (norm, amount) => {
      const mask = maskStructured(w, { axis: 0, norm, sparsity: Number(amount), compat: 'torch' });
      expect([...mask]).toEqual([...get(`ln_structured/n=${norm}/dim=0/${amount}`).data]);
    },
  );

  it('global_unstructured over two tensors, amount 0.4', () => {
    const options = { sparsity: 0.4, scope: 'global', order: 'magnitude', compat: 'torch' } as const;
    const masks = maskTopK([w, get('w2')], options);
    expect(masks.map((mask) => [...mask])).toEqual([
      [...get('global/w_mask').data],
      [...get('global/w2_mask').data],
    ]);
  });

  it('are all of the file', () => {
    expect(golden.size).toBe(2 + 3 + 6 + 2);
  });
});

import {
  checkRecipe,
  planRecipe,
  presetRecipe,
  PRESET_NAMES,
  sourceOfTensors,
  type Recipe,
} from 'tensorslim/model';
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/core/tensor.js';
import { smallModel } from '../support/models.js';

const INT8: Recipe['scheme'] = { scheme: 'affine', bits: 8 };
const KEEP: Recipe['scheme'] = { scheme: 'keep' };

const decisions = (recipe: Recipe): Record<string, string> =>
  Object.fromEntries(
    Array.from(planRecipe(smallModel(), recipe).entries, ([name, { scheme, reason }]) => [
      name,
      `${scheme.scheme}, ${reason}`,
    ]),
  );

describe('planRecipe()', () => {
  it('compresses matrices and keeps vectors, norms, integers and small tensors, saying why', () => {
    expect(decisions({ scheme: INT8 })).toEqual({
      'embed/table': 'affine, recipe',
      'layer/0/kernel': 'affine, recipe',
      'layer/0/bias': 'keep, skipped: 1 axis',
      'layer/0/norm/scale': 'keep, skipped: name matches "*norm/*"',
      'layer/1/kernel': 'affine, recipe',
      head: 'affine, recipe',
      ids: 'keep, kept: int32 is not real numbers of 16 bits or more',
      mask: 'keep, skipped: 1 axis',
      ['__proto__']: 'affine, recipe',
      empty: 'keep, skipped: 0 elements',
      step: 'keep, skipped: 0 axes',
    });
  });

  it('lets the first rule that matches decide, also against the skipping', () => {
    const rules = [
      { match: 'layer/?/kernel', scheme: KEEP },
      { match: 'layer/0/*', scheme: { scheme: 'affine', bits: 4 } as const },
    ];
    const chosen = decisions({ scheme: INT8, rules });
    expect(chosen['layer/0/kernel']).toBe('keep, rule 1: "layer/?/kernel"');
    expect(chosen['layer/1/kernel']).toBe('keep, rule 1: "layer/?/kernel"');
    expect(chosen['layer/0/bias']).toBe('affine, rule 2: "layer/0/*"');
    expect(chosen['layer/0/norm/scale']).toBe('affine, rule 2: "layer/0/*"');
  });

  it('takes other limits for skipping', () => {
    const chosen = decisions({ scheme: INT8, skip: { minRank: 0, minElements: 1, names: [] } });
    expect(Object.entries(chosen).filter(([, why]) => why.startsWith('keep'))).toEqual([
      ['ids', 'keep, kept: int32 is not real numbers of 16 bits or more'],
      ['empty', 'keep, skipped: 0 elements'],
    ]);
  });

  it('knows every byte before anything is read', () => {
    const plan = planRecipe(smallModel(), {
      scheme: INT8,
      rules: [{ match: 'embed*', scheme: { scheme: 'affine', bits: 4 } }],
    });
    const entry = plan.entries.get('embed/table');
    expect(entry?.arrays).toEqual([
      { name: 'embed/table.codes', dtype: 'uint8', shape: [1536] },
      { name: 'embed/table.scale', dtype: 'float32', shape: [] },
    ]);
    expect(entry?.compressedBytes).toBe(1540);
    expect(entry?.originalBytes).toBe(64 * 48 * 4);
  });

  it('names a rule that matches nothing, with a name that is near', () => {
    expect(() =>
      planRecipe(smallModel(), { scheme: INT8, rules: [{ match: 'layer/0/kernal', scheme: KEEP }] }),
    ).toThrow(
      /"recipe\.rules\[0\]\.match" expected a pattern that matches .*, got "layer\/0\/kernal" - did you mean "layer\/0\/kernel"\?/,
    );
  });

  it('counts a rule that earlier ones leave nothing as matching nothing, and one that finds integers alone', () => {
    const twice = [
      { match: 'head', scheme: KEEP },
      { match: 'he*', scheme: INT8 },
    ];
    expect(() => planRecipe(smallModel(), { scheme: INT8, rules: twice })).toThrow(/rules\[1\]/);
    expect(() => planRecipe(smallModel(), { scheme: INT8, rules: [{ match: 'ids', scheme: INT8 }] })).toThrow(
      /rules\[0\]/,
    );
  });

  it('names the tensor whose shape does not fit the scheme', () => {
    const scheme = { scheme: 'affine', bits: 8, granularity: { kind: 'axis', axis: 2 } } as const;
    expect(() => planRecipe(smallModel(), { scheme })).toThrow(/^tensor "embed\/table": .*axis.*got 2/);
  });

  it('refuses names that collide in the file', () => {
    const model = sourceOfTensors({
      w: tensor(new Float32Array(4096), [64, 64]),
      'w.codes': tensor(new Float32Array(3), [3]),
    });
    expect(() => planRecipe(model, { scheme: INT8 })).toThrow(/got "w\.codes" - keep or rename/);
  });

  it('refuses a model that is compressed already', () => {
    const model = { ...smallModel(), metadata: new Map([['tensorslim.version', '1']]) };
    expect(() => planRecipe(model, { scheme: INT8 })).toThrow(/got "a compressed one" - decompress it first/);
  });

  it.each(PRESET_NAMES)('has bytes for every tensor under preset %s in both formats', (name) => {
    for (const format of ['safetensors', 'tfjs'] as const) {
      const plan = planRecipe(smallModel(), presetRecipe(name, format));
      expect(plan.compressedBytes).toBeLessThan(plan.originalBytes);
    }
  });
});

describe('presetRecipe()', () => {
  it('puts scales on the output axis of the format', () => {
    expect(presetRecipe('int8', 'safetensors').scheme).toMatchObject({ granularity: { axis: 0 } });
    expect(presetRecipe('int8', 'tfjs').scheme).toMatchObject({ granularity: { axis: -1 } });
  });

  it('names the nearest preset and format', () => {
    expect(() => presetRecipe('int' as never, 'tfjs')).toThrow(/did you mean 'int8'/);
    expect(() => presetRecipe('int8', 'onnx' as never)).toThrow(
      /"format" expected one of 'safetensors', 'tfjs'/,
    );
  });
});

describe('checkRecipe()', () => {
  it('returns a recipe as it was', () => {
    const recipe = { scheme: INT8, rules: [{ match: '*', scheme: KEEP }], skip: { minRank: 1 } };
    expect(checkRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it.each([undefined, null, 1, 'int8', [], new Map(), () => 1])('refuses %s as a recipe', (value) => {
    expect(() => checkRecipe(value)).toThrow(TypeError);
  });

  it.each([
    [{}, /"recipe\.scheme" expected an object/],
    [{ scheme: { scheme: 'afine' } }, /did you mean 'affine'/],
    [{ scheme: { scheme: 'keep', bits: 8 } }, /no options beside scheme 'keep'/],
    [{ scheme: INT8, rule: [] }, /got "rule" - did you mean "rules"/],
    [{ scheme: INT8, rules: {} }, /"recipe\.rules" expected an array/],
    [{ scheme: INT8, rules: [3] }, /"recipe\.rules\[0\]" expected a plain object/],
    [{ scheme: INT8, rules: [undefined] }, /"recipe\.rules\[0\]" expected a plain object/],
    [{ scheme: INT8, rules: [{ match: '', scheme: KEEP }] }, /pattern that is not empty/],
    [{ scheme: INT8, rules: [{ match: 7, scheme: KEEP }] }, /"recipe\.rules\[0\]\.match" expected a pattern/],
    [{ scheme: INT8, rules: [{ match: '*' }] }, /"recipe\.rules\[0\]\.scheme" expected an object/],
    [{ scheme: INT8, skip: { minRank: -1 } }, /"recipe\.skip\.minRank"/],
    [{ scheme: INT8, skip: { minElements: 1.5 } }, /"recipe\.skip\.minElements"/],
    [{ scheme: INT8, skip: { names: 'norm' } }, /"recipe\.skip\.names" expected an array/],
    [{ scheme: INT8, skip: { names: [1] } }, /"recipe\.skip\.names" expected an array/],
    [{ scheme: INT8, skip: { name: [] } }, /did you mean "names"/],
  ])('refuses %j and says where', (value, message) => {
    expect(() => checkRecipe(value)).toThrow(message);
  });
});

/** Compressing a model by a plan, and restoring it: lazy views, so that one tensor is in memory at a time. */
import type { F32, U16 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { FLOAT_FORMATS } from '../core/float-formats.js';
import type { TensorInfo, TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import { decompress } from '../compressed/compressed.js';
import type { Compressed } from '../compressed/kinds.js';
import { compressTensor } from '../compressed/schemes.js';
import { castFloat } from '../quantize/floats/cast.js';
import { inTensor } from './in-tensor.js';
import { Scratch } from './scratch.js';
import type { CompressedModel, Plan } from './types.js';

/**
 * Returns the model compressed as the plan says. Nothing is read or compressed before `read(name)` asks for it, and nothing is kept.
 *
 * @param model the open model that the plan was made for; stays open while the result is used, and is closed by the result's `close`
 * @param plan from planRecipe
 * @throws RangeError when the plan is for another model; from `read` a NumericError that names tensor and element for values that are
 * not finite.
 * @example
 * const small = apply(model, planRecipe(model, presetRecipe('int8', model.format)));
 * await saveCompressed('small.safetensors', small);
 */
export function apply(model: TensorSource, plan: Plan): CompressedModel {
  for (const name of model.entries.keys()) {
    if (!plan.entries.has(name)) throw unknownTensor('apply', 'plan', name);
  }
  const scratch = new Scratch(plan);
  return {
    format: model.format,
    entries: plan.entries,
    metadata: model.metadata,
    modelJson: model.modelJson,
    async read(name) {
      const entry = plan.entries.get(name);
      if (entry === undefined) throw unknownTensor('read', 'name', name);
      const { scheme } = entry;
      if (scheme.scheme === 'keep') return model.read(name);
      return scratch.use(
        entry,
        (into) => model.read(name, { into }),
        (tensor) => inTensor(name, () => compressTensor(tensor, scheme)),
      );
    },
    close: () => model.close(),
  };
}

/**
 * Returns the model with every tensor restored to its original type and shape. Nothing is read before `read(name)` asks for it.
 *
 * Numerics: values are those of `decompress`, in float32; a float16 or bfloat16 original gets them rounded half to even, finite ones
 * saturating.
 *
 * @param model a compressed model; is closed by the result's `close`
 * @throws from `read` what the compressed model throws.
 */
export function decompressModel(model: CompressedModel): TensorSource {
  const entries = new Map<string, TensorInfo>();
  for (const [name, { dtype, shape, originalBytes }] of model.entries) {
    entries.set(name, { dtype, shape, byteLength: originalBytes });
  }
  return {
    format: model.format,
    entries,
    metadata: model.metadata,
    modelJson: model.modelJson,
    async read(name) {
      const value = await model.read(name);
      if (!isCompressed(value)) return value;
      const { dtype } = entries.get(name) as TensorInfo;
      return restored(decompress(value), dtype);
    },
    close: () => model.close(),
  };
}

export function isCompressed(value: Compressed | Tensor): value is Compressed {
  return 'kind' in value;
}

/** Float32 values in the type that the tensor had. */
function restored(values: Tensor, dtype: Tensor['dtype']): Tensor {
  const { shape } = values;
  switch (dtype) {
    case 'float16':
    case 'bfloat16':
      return { data: saturated(values, dtype), shape, dtype };
    case 'float64':
      return { data: Float64Array.from(values.data as ArrayLike<number>), shape, dtype };
    default:
      return values;
  }
}

/** Codes of a 16-bit type: what lies beyond its range saturates, and infinities stay what they are. */
function saturated(values: Tensor, dtype: 'float16' | 'bfloat16'): U16 {
  const codes = castFloat(values, dtype, { overflow: 'saturate' });
  const infinity = FLOAT_FORMATS[dtype].infinityCode as number;
  const data = values.data as F32;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === Infinity) codes[i] = infinity;
    else if (data[i] === -Infinity) codes[i] = SIGN16 | infinity;
  }
  return codes;
}

const SIGN16 = 0x8000;

function unknownTensor(fn: string, argument: string, name: string): RangeError {
  return rangeError(fn, argument, 'a tensor of this model', name, 'make the plan from this model');
}

/** `tensorslim/model`: whole models, from a recipe to a report. Models on disk: `tensorslim/node`. */
export type { Histogram } from '../core/histogram.js';
export type { Pictured } from '../core/inspect.js';
export type { ArraySpec, TensorInfo, TensorSource } from '../core/source.js';
export type { AffineScheme, FloatScheme, KeepScheme, LossyScheme, Scheme } from '../compressed/schemes.js';
export { apply, decompressModel } from './apply.js';
export { encodeGgufTensor, type EncodedGgufTensor } from './convert/encode.js';
export { MIX_NAMES, type Fallback, type MixName } from './convert/mixes.js';
export { planGguf } from './convert/plan.js';
export type {
  Conversion,
  ConvertedTensor,
  GgufPlan,
  GgufPlanEntry,
  ModelFiles,
  PlanGgufOptions,
} from './convert/types.js';
export { sourceOfSafetensors, sourceOfTensors, writeCompressed } from './memory.js';
export { planRecipe } from './plan.js';
export { PRESET_NAMES, presetRecipe, type PresetName } from './presets.js';
export { profile, type ProfileOptions } from './profile.js';
export { checkRecipe, defineRecipe } from './recipe.js';
export { reportToHtml } from './report-html.js';
export { reportFromJson, reportToJson } from './report-json.js';
export { reportToMarkdown } from './report-markdown.js';
export { profileToHtml, profileToMarkdown } from './report-profile.js';
export type {
  CompressedEntry,
  CompressedModel,
  Goal,
  GoalResult,
  Plan,
  PlanEntry,
  ProfileRow,
  Progress,
  Recipe,
  Report,
  Rule,
  Skip,
  TensorReport,
  VerifyOptions,
  WorkOptions,
} from './types.js';
export { readCompressed } from './unpack.js';
export { verify } from './verify.js';

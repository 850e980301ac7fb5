/** What several commands do with models and their paths. */
import { presetRecipe, type PresetName } from '../model/presets.js';
import type { Recipe } from '../model/types.js';
import type { TensorSource } from '../core/source.js';
import { asUsage } from './failure.js';

/** What `action` makes of an open model, which is closed whatever happens. */
export async function using<M extends { close(): Promise<void> }, T>(
  opening: Promise<M>,
  action: (model: M) => Promise<T>,
): Promise<T> {
  const model = await opening;
  try {
    return await action(model);
  } finally {
    await model.close();
  }
}

/** Whether a model is saved as one file or as a folder; `saveCompressed` and `saveModel` go by the same ending. */
export function modelKind(path: string): 'file' | 'folder' {
  return path.endsWith('.safetensors') ? 'file' : 'folder';
}

/** The recipe of a preset whose name comes from the command line. */
export function presetNamed(name: string, format: TensorSource['format']): Recipe {
  return asUsage(() => presetRecipe(name as PresetName, format));
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

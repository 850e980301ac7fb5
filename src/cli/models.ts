/** What several commands do with models and their paths. */
import { promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { presetRecipe, type PresetName } from '../model/presets.js';
import type { Recipe } from '../model/types.js';
import type { TensorSource } from '../core/source.js';
import { openModel } from '../node/model.js';
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

/** Every file of a model: a folder or an index has several, of which none may be lost. */
export function modelFiles(path: string): Promise<readonly string[]> {
  return using(openModel(path), async (model) => {
    if (model.format === 'safetensors') {
      return [path, ...model.files.map((file) => file.path)];
    }
    const json = (await fs.stat(path)).isDirectory() ? join(path, 'model.json') : path;
    const shards = model.manifest.groups.flatMap(({ paths }) => paths);
    return [json, ...shards.map((shard) => join(dirname(json), shard))];
  });
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

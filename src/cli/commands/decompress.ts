/** `tensorslim decompress`: a compressed model with its original types and shapes. */
import { bytesFigure } from '../../core/figures.js';
import { decompressModel } from '../../model/apply.js';
import { openCompressed, saveModel } from '../../node/model.js';
import type { Command } from '../command.js';
import { refusedAsUsage } from '../failure.js';
import { modelFiles, modelKind, using } from '../models.js';
import { checkOutput } from '../output.js';
import { plural, printable } from '../text.js';

export const decompressCommand: Command = {
  name: 'decompress',
  summary: 'Restores a compressed model: every tensor in its original type and shape, checksums compared.',
  positionals: ['COMPRESSED'],
  options: ['output', 'force'],
  required: ['output'],
  details: `COMPRESSED is what "compress" wrote: a .safetensors file, or the folder of a tfjs model.
An output that ends with .safetensors becomes one file, any other the folder of a tfjs model.`,
  examples: ['decompress small.safetensors -o restored.safetensors'],
  async run({ positionals: [path], values }, { work }) {
    const { output = '', force = false } = values;
    await checkOutput(output, { kind: modelKind(output), force, inputs: () => modelFiles(path) });
    return using(openCompressed(path), async (model) => {
      const saving = saveModel(output, decompressModel(model), work('decompress'));
      // saveModel hands folders to it, and a model without topology makes no tfjs model.
      const { bytes } = await refusedAsUsage('saveCompressed', saving);
      return {
        text: `wrote ${printable(output)}: ${plural(model.entries.size, 'tensor')}, ${bytesFigure(bytes)}`,
        json: { input: path, output, bytes, tensorCount: model.entries.size },
      };
    });
  },
};

/** Compresses a model by a preset, and prints the most memory that the process ever held. */
import { readFileSync } from 'node:fs';
import { apply, planRecipe, presetRecipe, type PresetName } from 'tensorslim/model';
import { openModel, saveCompressed } from 'tensorslim/node';

const [input, output, preset] = process.argv.slice(2);
const model = await openModel(input);
const plan = planRecipe(model, presetRecipe(preset as PresetName, model.format));
const { bytes } = await saveCompressed(output, apply(model, plan));
await model.close();
const peakKilobytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
process.stdout.write(
  JSON.stringify({ bytes, peakBytes: peakKilobytes * 1024, planned: plan.compressedBytes }),
);

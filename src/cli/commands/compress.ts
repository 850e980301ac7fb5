/** `tensorslim compress`: a smaller model by a preset or a recipe. */
import { bytesFigure } from '../../core/figures.js';
import type { TensorSource } from '../../core/source.js';
import { apply } from '../../model/apply.js';
import { planRecipe } from '../../model/plan.js';
import { PRESET_NAMES } from '../../model/presets.js';
import type { Plan, PlanEntry } from '../../model/types.js';
import { openModel, saveCompressed } from '../../node/model.js';
import type { Command, Context, Outcome } from '../command.js';
import { asUsage, refusedAsUsage, UsageError } from '../failure.js';
import { modelFiles, modelKind, presetNamed, using } from '../models.js';
import type { OptionValues } from '../options.js';
import { checkOutput } from '../output.js';
import { loadRecipe } from '../recipe-file.js';
import { table, type Column } from '../table.js';
import { plural, printable, sections, shapeText, sizesText, wrapped } from '../text.js';

export const compressCommand: Command = {
  name: 'compress',
  summary: 'Compresses a model by a preset or a recipe.',
  positionals: ['MODEL'],
  options: ['preset', 'recipe', 'output', 'force', 'dry-run'],
  details: `${wrapped('Presets:', PRESET_NAMES)}
An output that ends with .safetensors becomes one file, which holds everything needed to restore
the model; any other becomes the folder of a tfjs model, for schemes that tfjs loads by itself.
A recipe is JSON, or a module that exports "recipe": {"scheme": {"scheme": "affine", "bits": 8},
"rules": [{"match": "*head*", "scheme": {"scheme": "keep"}}]}.`,
  examples: [
    'compress model.safetensors --preset int8 -o small.safetensors',
    'compress web_model/ --preset tfjs-uint8 -o small_web_model',
    'compress model.safetensors --recipe recipe.json --dry-run',
  ],
  async run({ positionals: [path], values }, context) {
    checkChoices(values);
    const { output, force = false } = values;
    const isDry = values['dry-run'] === true;
    if (output !== undefined && !isDry) {
      await checkOutput(output, { kind: modelKind(output), force, inputs: () => modelFiles(path) });
    }
    const file =
      values.recipe === undefined ? null : await loadRecipe(values.recipe, { cwd: context.io.cwd });
    return using(openModel(path), async (model) => {
      const recipe = file ?? presetNamed(values.preset as string, model.format);
      const plan = asUsage(() => planRecipe(model, recipe));
      return output === undefined || isDry
        ? planOutcome(path, plan, context.columns)
        : compressTo(path, output, model, plan, context);
    });
  },
};

/** Exactly one way to say how, and a place for the result. */
function checkChoices({ preset, recipe, output, 'dry-run': isDry }: OptionValues): void {
  const help = 'run "tensorslim compress --help"';
  if (preset === undefined && recipe === undefined) {
    throw new UsageError(
      `compress expected --preset or --recipe, got neither - name a preset: ${PRESET_NAMES.join(', ')}`,
    );
  }
  if (preset !== undefined && recipe !== undefined) {
    throw new UsageError(`compress expected --preset or --recipe, got both - ${help}`);
  }
  if (output === undefined && isDry !== true) {
    throw new UsageError(`compress expected --output PATH or --dry-run, got neither - ${help}`);
  }
}

async function compressTo(
  path: string,
  output: string,
  model: TensorSource,
  plan: Plan,
  { work }: Context,
): Promise<Outcome> {
  // What saveCompressed itself refuses is the place: a folder for schemes that tfjs does not load.
  const saving = saveCompressed(output, apply(model, plan), work('compress'));
  const { bytes } = await refusedAsUsage('saveCompressed', saving);
  const entries = Array.from(plan.entries.values());
  const lossy = entries.filter(({ scheme }) => scheme.scheme !== 'keep').length;
  const counts = `${plural(lossy, 'tensor')} compressed, ${entries.length - lossy} kept`;
  return {
    text: `wrote ${printable(output)}: ${sizesText(plan.originalBytes, bytes)}; ${counts}`,
    json: { input: path, output, bytes, ...planJson(plan) },
  };
}

type PlanRow = PlanEntry & { readonly name: string };

const rowsOf = ({ entries }: Plan): PlanRow[] => Array.from(entries, ([name, entry]) => ({ name, ...entry }));

const COLUMNS: readonly Column<PlanRow>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'type', align: 'left', cell: ({ dtype }) => dtype },
  { title: 'shape', align: 'left', cell: ({ shape }) => shapeText(shape) },
  { title: 'scheme', align: 'left', cell: ({ scheme }) => scheme.scheme },
  { title: 'before', align: 'right', cell: ({ originalBytes }) => bytesFigure(originalBytes) },
  { title: 'after', align: 'right', cell: ({ compressedBytes }) => bytesFigure(compressedBytes) },
  { title: 'why', align: 'left', isFlexible: true, cell: ({ reason }) => reason },
];

function planOutcome(path: string, plan: Plan, columns: number): Outcome {
  const { originalBytes, compressedBytes } = plan;
  const sizes = sizesText(originalBytes, compressedBytes);
  return {
    text: sections(
      table(COLUMNS, rowsOf(plan), columns),
      `${printable(path)}: ${sizes}, planned; nothing was written`,
    ),
    json: { input: path, output: null, bytes: null, ...planJson(plan) },
  };
}

function planJson(plan: Plan): object {
  const { originalBytes, compressedBytes } = plan;
  return { originalBytes, compressedBytes, tensors: rowsOf(plan) };
}

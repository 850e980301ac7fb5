/** Tokens with a meaning, whether they are added to texts, and the chat template. */
import { isPlainObject } from '../../core/options.js';
import type { GgufValue } from '../../formats/gguf/types.js';
import { field, type Json } from './config.js';
import { convertError } from './errors.js';
import { stepsIn, text } from './vocabulary-parts.js';

/** Names in tokenizer_config.json and config.json, and in GGUF. */
const SPECIAL = [
  ['bos', 'bos'],
  ['eos', 'eos'],
  ['unk', 'unknown'],
  ['pad', 'padding'],
] as const;

type Pair = readonly [string, GgufValue];

/** Metadata of the special tokens: those of tokenizer_config.json come before those of config.json. */
export function specialPairs(
  tokenizer: Json,
  settings: Json | null,
  config: Json,
  texts: readonly string[],
  chatTemplate: string | undefined,
): Pair[] {
  const ids = SPECIAL.flatMap(([from, key]): Pair[] => {
    const id = namedId(settings, from, texts) ?? numberedId(config, from, texts.length);
    return id === null ? [] : [[`tokenizer.ggml.${key}_token_id`, { type: 'uint32', value: id }]];
  });
  const flags = (['bos', 'eos'] as const).flatMap((kind): Pair[] => {
    const isAdded = additionOf(tokenizer, settings, kind);
    return isAdded === null ? [] : [[`tokenizer.ggml.add_${kind}_token`, { type: 'bool', value: isAdded }]];
  });
  const template = chatTemplate ?? templateOf(settings);
  return [
    ...ids,
    ...flags,
    ...(template === null ? [] : [['tokenizer.chat_template', text(template)] as const]),
  ];
}

/** A token is named by its text, or by an object that holds it. */
function nameOf(settings: Json | null, kind: string): string | null {
  const given = settings === null ? undefined : field(settings, `${kind}_token`);
  const name = isPlainObject(given) ? field(given as Json, 'content') : given;
  return typeof name === 'string' ? name : null;
}

function namedId(settings: Json | null, kind: string, texts: readonly string[]): number | null {
  const name = nameOf(settings, kind);
  if (name === null) return null;
  const id = texts.indexOf(name);
  if (id >= 0) return id;
  const place = `tokenizer_config.json: "${kind}_token"`;
  const fix = 'fetch both files of one model';
  throw convertError('CONVERT_TOKENIZER', place, 'a token of the vocabulary', JSON.stringify(name), fix);
}

/** Models with several ends have a list: the first. */
function numberedId(config: Json, kind: string, size: number): number | null {
  const given = field(config, `${kind}_token_id`);
  const id: unknown = Array.isArray(given) ? given[0] : given;
  if (id === undefined) return null;
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < size) return id;
  const place = `config.json: "${kind}_token_id"`;
  throw convertError('CONVERT_CONFIG', place, `an id below ${size}`, String(id), 'correct the file');
}

/** Whether the token is put in front of texts (bos) or behind them (eos); null where nothing says so. */
function additionOf(tokenizer: Json, settings: Json | null, kind: 'bos' | 'eos'): boolean | null {
  const said = settings === null ? undefined : field(settings, `add_${kind}_token`);
  if (typeof said === 'boolean') return said;
  const template = stepsIn(field(tokenizer, 'post_processor'), 'processors').find(
    (step) => field(step, 'type') === 'TemplateProcessing',
  );
  const single = template === undefined ? undefined : field(template, 'single');
  if (!Array.isArray(single)) return null;
  const end: unknown = kind === 'bos' ? single[0] : single[single.length - 1];
  const special = isPlainObject(end) ? field(end as Json, 'SpecialToken') : undefined;
  const name = isPlainObject(special) ? field(special as Json, 'id') : undefined;
  return single.length > 1 && name !== undefined && name === nameOf(settings, kind);
}

/** The template of tokenizer_config.json; of several the one called default. */
function templateOf(settings: Json | null): string | null {
  const given = settings === null ? undefined : field(settings, 'chat_template');
  if (typeof given === 'string') return given;
  if (!Array.isArray(given)) return null;
  const found = (given as unknown[]).find(
    (item) => isPlainObject(item) && field(item as Json, 'name') === 'default',
  );
  const template = found === undefined ? undefined : field(found as Json, 'template');
  return typeof template === 'string' ? template : null;
}

/** Making the index of a model that is split into shards. */
import { compareCodePoints } from './build.js';

/**
 * The bytes of a `model.safetensors.index.json`.
 *
 * Compatible with: huggingface_hub and transformers, to the byte where they write `total_size` alone: keys sorted, indented by 2,
 * characters beyond ASCII escaped. Written by hand, since an object of JavaScript would put names like "10" first.
 *
 * @param weightMap the file of each tensor
 * @param totalSize bytes of all tensors
 */
export function buildShardIndex(
  weightMap: ReadonlyMap<string, string>,
  totalSize: number,
): ReturnType<typeof Uint8Array.of> {
  const rows = Array.from(weightMap)
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([name, file]) => `    ${asciiJson(name)}: ${asciiJson(file)}`);
  const text = `{\n  "metadata": {\n    "total_size": ${totalSize}\n  },\n  "weight_map": {\n${rows.join(',\n')}\n  }\n}\n`;
  return new TextEncoder().encode(text);
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

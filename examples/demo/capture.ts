/** What goes into the matrices of a tfjs graph model while it runs. */
import * as core from '@energetic-ai/core';
import type { EmbeddingsModel } from '@energetic-ai/embeddings';

interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
}

/** For each weight that is a matrix of products, the node whose output it is multiplied by. */
export function inputsOfMatrices(modelJson: Readonly<Record<string, unknown>>): Map<string, string> {
  const { node: nodes } = modelJson.modelTopology as { readonly node: readonly GraphNode[] };
  const constants = new Set(nodes.filter(({ op }) => op === 'Const').map(({ name }) => name));
  const inputs = new Map<string, string>();
  for (const { op, input = [] } of nodes) {
    if ((op === 'MatMul' || op === 'Conv2D') && constants.has(input[1])) inputs.set(input[1], input[0]);
  }
  return inputs;
}

/** Output of a node for one sentence: rows are tokens. */
export interface Captured {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Runs the sentences one by one, without padding, and shows the outputs of the nodes, in their order, to `visit`. */
export async function captureOutputs(
  { model, tokenizer }: EmbeddingsModel,
  nodes: readonly string[],
  sentences: readonly string[],
  visit: (outputs: readonly Captured[]) => void,
): Promise<void> {
  for (const sentence of sentences) {
    const tokens = tokenizer.encode(sentence);
    const indices = core.tensor2d(
      tokens.flatMap((_, i) => [0, i]),
      [tokens.length, 2],
      'int32',
    );
    const values = core.tensor1d(tokens, 'int32');
    const result = await model.executeAsync({ indices, values }, [...nodes]);
    const tensors = Array.isArray(result) ? result : [result];
    visit(tensors.map((t) => ({ data: Float32Array.from(t.dataSync()), shape: t.shape })));
    core.dispose([indices, values, ...tensors]);
  }
}

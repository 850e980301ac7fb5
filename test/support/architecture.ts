/** The rules of the house, checked on any tree of sources: which room may import which, and what no source may do. */
import { posix } from 'node:path';
import { readSource, type Source } from './imports.js';

/**
 * The floor of every room. A file imports from its own room and from rooms on lower floors, so two rooms of one floor never
 * meet. `src/index.ts` and `src/node.ts` are the doors of the rooms `index` and `node`.
 */
export const FLOORS: Readonly<Record<string, number>> = {
  core: 0,
  kernels: 1,
  quantize: 2,
  blocks: 2,
  prune: 2,
  factorize: 2,
  distill: 2,
  metrics: 2,
  'formats/safetensors': 2,
  'formats/tfjs': 2,
  'formats/gguf': 2,
  'formats/onnx': 2,
  'formats/npy': 2,
  // The union over the kinds of compressed tensors: above every room that makes one, below whole models.
  compressed: 3,
  model: 4,
  deploy: 4,
  plot: 4,
  interop: 4,
  parallel: 4,
  // Files on disk: the other half of formats and model.
  node: 5,
  index: 5,
  cli: 6,
};

/** Rooms that may use Node's own modules; everything else runs in browsers. */
const NODE_ROOMS: readonly string[] = ['node', 'cli', 'parallel'];

/** Every package that sources may import, with the only room that may. */
export const PACKAGES: Readonly<Record<string, string>> = {
  fflate: 'model',
  'ml-matrix': 'interop',
  ndarray: 'interop',
};

/** The one source that imports what a user names: a recipe is a program. */
const COMPUTED_IMPORTS = 'src/cli/recipe-file.ts';

const MAX_LINES = 500;

/** Sources by path (`src/core/tensor.ts`) to their text; returns one line per breach, in the order of the paths. */
export function checkArchitecture(tree: ReadonlyMap<string, string>): string[] {
  const sources = new Map(
    [...tree].sort().map(([path, text]) => [path, readSource(path, text, ['Math', 'console'])]),
  );
  const problems: string[] = [];
  const arrows = new Map<string, string[]>();
  for (const [path, source] of sources) {
    const room = roomOf(path);
    if (!(room in FLOORS)) problems.push(`${path}: stands in no room of the house`);
    problems.push(...checkText(path, room, source));
    const targets: string[] = [];
    for (const { module, line } of source.imports) {
      const at = `${path}:${line}`;
      if (module === null) {
        if (path !== COMPUTED_IMPORTS) problems.push(`${at}: imports a computed module`);
      } else if (!module.startsWith('.')) problems.push(...checkPackage(at, room, module));
      else {
        const target = resolve(path, module);
        if (tree.has(target)) targets.push(target);
        problems.push(...checkArrow(at, path, target, tree.has(target)));
      }
    }
    arrows.set(path, targets);
  }
  return [...problems, ...cycles(arrows)];
}

/** `src/formats/tfjs/weights.ts` stands in the room `formats/tfjs`, `src/node.ts` in `node`. */
function roomOf(path: string): string {
  const [, first, second] = path.split('/');
  return first === 'formats' ? `formats/${second}` : first.replace(/\.ts$/, '');
}

/** AssemblyScript names its modules without an ending, TypeScript with the one of the compiled file. */
const resolve = (from: string, module: string): string =>
  `${posix.join(posix.dirname(from), module).replace(/\.js$/, '')}.ts`;

function checkText(path: string, room: string, { imports, globals, lines }: Source): string[] {
  const problems: string[] = [];
  if (lines > MAX_LINES) problems.push(`${path}: ${lines} lines, at most ${MAX_LINES}`);
  for (const { isStar, line } of imports) {
    if (isStar) problems.push(`${path}:${line}: export * - name what is exported`);
  }
  for (const { name, line } of globals) {
    const isAllowed = name.startsWith('console') ? room === 'cli' : !/^Math(\.round|\.random)?$/.test(name);
    if (!isAllowed) problems.push(`${path}:${line}: uses ${name}`);
  }
  return problems;
}

function checkPackage(at: string, room: string, module: string): string[] {
  if (module.startsWith('node:')) {
    return NODE_ROOMS.includes(room) ? [] : [`${at}: ${module} outside ${NODE_ROOMS.join(', ')}`];
  }
  const owner = Object.hasOwn(PACKAGES, module) ? PACKAGES[module] : null;
  if (owner === null) return [`${at}: package ${module} is not a dependency`];
  return owner === room ? [] : [`${at}: package ${module} outside ${owner}`];
}

function checkArrow(at: string, path: string, target: string, exists: boolean): string[] {
  if (!exists) return [`${at}: imports ${target}, which does not exist`];
  const [from, to] = [roomOf(path), roomOf(target)];
  const problems: string[] = [];
  if (from !== to && FLOORS[to] === FLOORS[from]) problems.push(`${at}: sideways arrow ${from} -> ${to}`);
  if (FLOORS[to] > FLOORS[from]) problems.push(`${at}: upward arrow ${from} -> ${to}`);
  if (target === `src/${to}/index.ts` && path !== 'src/index.ts') {
    problems.push(`${at}: ${target} is a door of the package, only src/index.ts imports it`);
  }
  return problems;
}

/** One line for each cycle that a depth-first walk closes. */
function cycles(arrows: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const walk = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) problems.push(`cycle: ${[...trail.slice(at), path].join(' -> ')}`);
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    arrows.get(path)?.forEach(walk);
    trail.pop();
    done.add(path);
  };
  for (const path of arrows.keys()) walk(path);
  return problems;
}

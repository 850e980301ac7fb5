/** Saves and opens models on a MemoryIo that fails at a chosen call, and lists everything that must not be afterwards. */
import { IoError } from '../../src/core/errors.js';
import type { TypedArray } from '../../src/core/arrays.js';
import type { ArraySpec } from '../../src/core/source.js';
import { createRandom } from '../../src/core/random.js';
import { openSafetensorsOn } from '../../src/node/safetensors.js';
import { saveSafetensorsOn } from '../../src/node/safetensors-save.js';
import type { IoPort } from '../../src/node/io.js';
import { MemoryIo, PowerLoss, type Fault, type MemoryIoOptions } from './memory-io.js';

const PATH = '/m/model.safetensors';
const SPECS: readonly ArraySpec[] = [
  { name: 'w', dtype: 'float32', shape: [50, 10] },
  { name: 'b', dtype: 'uint8', shape: [700] },
  { name: 'none', dtype: 'int16', shape: [0, 3] },
  { name: 'x', dtype: 'float32', shape: [300] },
];

/** What stands on the disk before, and what is saved over it. Sizes of shards; null: one file. */
export interface Scenario {
  readonly name: string;
  readonly before: number | null | 'nothing';
  readonly shards: number | null;
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'one file where there was none', before: 'nothing', shards: null },
  { name: 'one file over another', before: null, shards: null },
  { name: 'shards where there was nothing', before: 'nothing', shards: 2000 },
  { name: 'shards over shards of the same names', before: 2000, shards: 2000 },
  { name: 'shards over other shards', before: 1300, shards: 2000 },
  { name: 'shards over one file', before: null, shards: 2000 },
  { name: 'one file over shards', before: 2000, shards: 1_000_000 },
];

type Version = 'old' | 'new';

/** Saves a version of the model; its numbers and its checksum say which one. */
export async function save(io: IoPort, version: Version, maxShardBytes: number | null): Promise<void> {
  const base = version === 'old' ? 1 : 2;
  const produce = async ({ dtype, shape }: ArraySpec): Promise<TypedArray> => {
    await Promise.resolve();
    const length = shape.reduce((product, axis) => product * axis, 1);
    if (dtype === 'float32') return new Float32Array(length).fill(base);
    return dtype === 'uint8' ? new Uint8Array(length).fill(base) : new Int16Array(length).fill(base);
  };
  await saveSafetensorsOn(io, PATH, SPECS, produce, {
    metadata: new Map([['sum', '000']]),
    finalMetadata: () => new Map([['sum', version]]),
    ...(maxShardBytes !== null && { maxShardBytes }),
  });
}

/** Which version opens, read in full; anything in between throws. */
export async function versionOn(io: IoPort): Promise<Version | 'nothing'> {
  let model;
  try {
    model = await openSafetensorsOn(io, '/m');
  } catch (error) {
    if (error instanceof IoError && ['ENOENT', 'INDEX_MISSING'].includes(error.code)) return 'nothing';
    throw error;
  }
  try {
    const values = new Set<unknown>();
    for (const { name } of SPECS) for (const value of (await model.read(name)).data) values.add(value);
    const sum = model.metadata.get('sum');
    const version = values.has(1) ? 'old' : 'new';
    if (values.size !== 1 || sum !== version || model.entries.size !== SPECS.length) {
      throw new Error(`a model in between: values ${[...values].join(' ')}, sum ${sum}`);
    }
    return version;
  } finally {
    await model.close();
  }
}

/** A disk with the old model of a scenario. */
export async function diskOf({ before }: Scenario, options: MemoryIoOptions = {}): Promise<MemoryIo> {
  const clean = new MemoryIo();
  clean.put('/m/notes.txt', 'not ours');
  if (before !== 'nothing') await save(clean, 'old', before);
  const disk = new MemoryIo(options);
  for (const name of clean.list('/m')) disk.put(`/m/${name}`, clean.contents(`/m/${name}`) as Uint8Array);
  return disk;
}

export interface FaultRun {
  /** Calls at which the fault was tried. */
  readonly points: number;
  readonly succeeded: number;
  readonly problems: readonly string[];
}

/** Saves once for each call that a save makes, with that call failing. */
export async function saveWithFaults(
  scenario: Scenario,
  fault: Exclude<Fault, 'power'>,
  options: MemoryIoOptions = {},
): Promise<FaultRun> {
  const problems: string[] = [];
  let succeeded = 0;
  for (let call = 1; ; call++) {
    const io = await diskOf(scenario, options);
    io.failAt(call, fault);
    const error = await failureOf(save(io, 'new', scenario.shards));
    if (io.calls < call) return { points: call - 1, succeeded, problems };
    const at = `${fault} at call ${call} (${io.log[call - 1]})`;
    if (error === null) succeeded++;
    problems.push(...(await problemsAfter(io, scenario, error, fault)).map((text) => `${at}: ${text}`));
  }
}

async function problemsAfter(
  io: MemoryIo,
  { before }: Scenario,
  error: unknown,
  fault: Fault,
): Promise<string[]> {
  const problems: string[] = [];
  if (io.openFiles !== 0) problems.push(`${io.openFiles} files are still open`);
  const left = io.list('/m').filter((name) => name.endsWith('.tmp'));
  if (left.length > 0) problems.push(`left behind: ${left.join(', ')}`);
  if (!io.list('/m').includes('notes.txt')) problems.push('a file of somebody else is gone');
  const isNamed = error instanceof IoError && error.code === fault && error.path !== '';
  if (error !== null && !isNamed) problems.push(`unnamed error: ${String(error)}`);
  const found = await versionOn(io).catch((reason: unknown) => String(reason));
  const wanted = error === null ? ['new'] : [before === 'nothing' ? 'nothing' : 'old', 'new'];
  if (!wanted.includes(found)) problems.push(`expected ${wanted.join(' or ')}, got ${found}`);
  return problems;
}

/** Loses power at each call of a save, and after it; looks at several of the disks that may come of it. */
export async function saveWithPowerLoss(
  scenario: Scenario,
  seeds: number,
  options: MemoryIoOptions = {},
): Promise<FaultRun> {
  const problems: string[] = [];
  let succeeded = 0;
  for (let call = 1; ; call++) {
    const io = await diskOf(scenario, options);
    io.failAt(call, 'power');
    const error = await failureOf(save(io, 'new', scenario.shards));
    const complete = io.calls < call;
    if (error !== null && !(error instanceof PowerLoss)) problems.push(String(error));
    const before = scenario.before === 'nothing' ? 'nothing' : 'old';
    const wanted = complete ? ['new'] : [before, 'new'];
    for (let seed = 0; seed < seeds; seed++) {
      const disk = io.afterPowerLoss(createRandom(call * seeds + seed));
      const found = await versionOn(disk).catch((reason: unknown) => String(reason));
      if (found === 'new') succeeded++;
      if (!wanted.includes(found)) {
        problems.push(`call ${call} (${io.log[call - 1] ?? 'after the end'}), seed ${seed}: ${found}`);
      }
    }
    if (complete) return { points: call, succeeded, problems };
  }
}

/** Opens and reads a model once for each call that this makes, with that call failing. */
export async function openWithFaults(scenario: Scenario, fault: Fault): Promise<FaultRun> {
  const problems: string[] = [];
  let succeeded = 0;
  for (let call = 1; ; call++) {
    const io = await diskOf(scenario);
    io.failAt(call, fault);
    const error = await failureOf(versionOn(io));
    if (io.calls < call) return { points: call - 1, succeeded, problems };
    const at = `${fault} at call ${call} (${io.log[call - 1]})`;
    if (error === null) succeeded++;
    else if (!(error instanceof IoError) || error.code !== fault) problems.push(`${at}: ${String(error)}`);
    if (io.openFiles !== 0) problems.push(`${at}: ${io.openFiles} files are still open`);
  }
}

export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return null;
  } catch (error) {
    return error;
  }
}

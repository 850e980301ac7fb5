/**
 * A program to be killed: saves a model over an old one. `kill-child.mjs <folder> <saver> <shard bytes or 0> <call or 0>`
 * prints "begin" and "end"; with a call it kills itself at that call of the system, half of an odd one being done.
 */
import { writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { writeSafetensors } from '../../src/formats/safetensors/write.js';
import { systemIo, type IoFile, type IoPort } from '../../src/node/io.js';
import { saveSafetensorsOn } from '../../src/node/safetensors-save.js';
import { dataOf, KILL_SPECS } from './kill-model.js';

const [folder, saver, shardBytes, killAt] = process.argv.slice(2);
const path = join(folder, 'model.safetensors');
let calls = 0;

/** Dies before the call with an even number and after the one with an odd number. */
async function counted<T>(call: () => Promise<T>): Promise<T> {
  const dies = ++calls === Number(killAt);
  if (dies && calls % 2 === 0) await die();
  try {
    return await call();
  } finally {
    if (dies) await die();
  }
}

async function die(): Promise<void> {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
}

const countedFile = (file: IoFile): IoFile => ({
  read: (buffer, position) => counted(() => file.read(buffer, position)),
  write: (buffer, position) => counted(() => file.write(buffer, position)),
  stat: () => counted(() => file.stat()),
  sync: () => counted(() => file.sync()),
  chmod: (mode) => counted(() => file.chmod(mode)),
  chown: (uid, gid) => counted(() => file.chown(uid, gid)),
  close: () => counted(() => file.close()),
});

const countedIo: IoPort = {
  open: async (...rest) => countedFile(await counted(() => systemIo.open(...rest))),
  stat: (name) => counted(() => systemIo.stat(name)),
  realpath: (name) => counted(() => systemIo.realpath(name)),
  readlink: (name) => counted(() => systemIo.readlink(name)),
  readdir: (name) => counted(() => systemIo.readdir(name)),
  rename: (from, to) => counted(() => systemIo.rename(from, to)),
  unlink: (name) => counted(() => systemIo.unlink(name)),
  freeBytes: (name) => counted(() => systemIo.freeBytes(name)),
};

/** The saver under test, and a planted one that writes straight to the file. */
async function save(): Promise<void> {
  if (saver === 'careless') {
    const bytes = writeSafetensors(KILL_SPECS.map((spec) => ({ ...spec, data: dataOf(spec, 'new') })));
    const file = openSync(path, 'w');
    for (let at = 0; at < bytes.length; at += 65536) {
      await counted(() => Promise.resolve(writeSync(file, bytes.subarray(at, at + 65536))));
    }
    closeSync(file);
    return;
  }
  const max = Number(shardBytes);
  const options = max > 0 ? { maxShardBytes: max } : {};
  await saveSafetensorsOn(countedIo, path, KILL_SPECS, (spec) => dataOf(spec, 'new'), options);
}

writeFileSync(1, 'begin\n');
await save();
writeFileSync(1, `end ${calls}\n`);

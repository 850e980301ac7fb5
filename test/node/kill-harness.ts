/** Starts savers in processes of their own, kills them, and looks at what is left. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Random } from '../../src/core/random.js';
import { openSafetensors } from '../../src/node/safetensors.js';
import { saveSafetensors } from '../../src/node/safetensors-save.js';
import { dataOf, KILL_SPECS, type Version } from './kill-model.js';

export interface KillCase {
  readonly saver: 'atomic' | 'careless';
  /** 0: one file. */
  readonly maxShardBytes: number;
}

export interface KillRun {
  readonly old: number;
  readonly new: number;
  /** Everything else that was found. */
  readonly problems: readonly string[];
  /** Kills that came while the saver was at work. */
  readonly inTime: number;
}

export class KillHarness {
  readonly #root = mkdtempSync(join(tmpdir(), 'tensorslim-kill-'));
  readonly #program = join(this.#root, 'child.mjs');
  readonly #folder = join(this.#root, 'model');

  static async start(): Promise<KillHarness> {
    const harness = new KillHarness();
    await build({
      entryPoints: [fileURLToPath(new URL('kill-child.ts', import.meta.url))],
      outfile: harness.#program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    });
    return harness;
  }

  end(): void {
    rmSync(this.#root, { recursive: true });
  }

  /** How many calls of the system a whole save makes. */
  async callsOf(kill: KillCase): Promise<number> {
    await this.#prepare(kill);
    const { output } = await this.#run(kill, 0, null);
    return Number(/end (\d+)/.exec(output)?.[1]);
  }

  /** Kills at the calls of the system that are listed. */
  async killAtCalls(kill: KillCase, calls: readonly number[]): Promise<KillRun> {
    return this.#killEach(
      kill,
      calls.map((call) => ({ call, delay: null })),
    );
  }

  /** Kills after random times within that of a whole save, until `count` of them came in time, with at most six tries for each. */
  async killAtTimes(kill: KillCase, count: number, random: Random): Promise<KillRun> {
    await this.#prepare(kill);
    const { duration } = await this.#run(kill, 0, null);
    const total = { old: 0, new: 0, problems: [] as string[], inTime: 0 };
    for (let tries = 0; tries < 6 * count && total.inTime < count; tries++) {
      const run = await this.#killEach(kill, [{ call: 0, delay: random.float() * duration }]);
      total.old += run.old;
      total.new += run.new;
      total.inTime += run.inTime;
      total.problems.push(...run.problems);
    }
    return total;
  }

  async #killEach(
    kill: KillCase,
    moments: readonly { readonly call: number; readonly delay: number | null }[],
  ): Promise<KillRun> {
    const found = { old: 0, new: 0 };
    const problems: string[] = [];
    let inTime = 0;
    for (const { call, delay } of moments) {
      await this.#prepare(kill);
      const { output } = await this.#run(kill, call, delay);
      if (!output.includes('end')) inTime++;
      const version = await this.#version();
      if (version === 'old' || version === 'new') found[version]++;
      else problems.push(`call ${call}, delay ${delay}: ${version}`);
      // The next run. Whatever the killed one left is gone afterwards.
      await this.#save('new', kill);
      const files = readdirSync(this.#folder);
      const stray = files.filter(
        (name) => name.endsWith('.tmp') || (kill.maxShardBytes === 0 && name !== 'model.safetensors'),
      );
      if (stray.length > 0) problems.push(`call ${call}, delay ${delay}: left behind ${stray.join(', ')}`);
      const shards = files.filter((name) => name.includes('-of-'));
      const expected = kill.maxShardBytes === 0 ? 0 : Number(shards[0].slice(-17, -12));
      if (shards.length !== expected)
        problems.push(`call ${call}: shards of another save stay: ${shards.join(', ')}`);
    }
    return { ...found, problems, inTime };
  }

  /** A fresh folder with the old model. */
  async #prepare(kill: KillCase): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
    await this.#save('old', kill);
  }

  async #save(version: Version, { maxShardBytes }: KillCase): Promise<void> {
    const options = maxShardBytes > 0 ? { maxShardBytes } : {};
    const path = join(this.#folder, 'model.safetensors');
    await saveSafetensors(path, KILL_SPECS, (spec) => dataOf(spec, version), options);
  }

  async #version(): Promise<string> {
    try {
      const model = await openSafetensors(this.#folder);
      try {
        const values = new Set<number | bigint>();
        for (const name of model.entries.keys()) {
          for (const value of (await model.read(name)).data) values.add(value);
        }
        if (model.entries.size !== KILL_SPECS.length || values.size !== 1) return 'a mixture';
        return values.has(1) ? 'old' : 'new';
      } finally {
        await model.close();
      }
    } catch (error) {
      return String(error);
    }
  }

  #run(kill: KillCase, call: number, delay: number | null): Promise<{ output: string; duration: number }> {
    const args = [this.#program, this.#folder, kill.saver, String(kill.maxShardBytes), String(call)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let begin = 0;
    let end = 0;
    let timer: NodeJS.Timeout | undefined;
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (begin === 0 && output.includes('begin')) {
        begin = performance.now();
        if (delay !== null) timer = setTimeout(() => child.kill('SIGKILL'), delay);
      }
      if (output.includes('end')) end = performance.now();
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        clearTimeout(timer);
        resolve({ output, duration: end - begin });
      });
    });
  }
}

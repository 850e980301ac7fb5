/** Names of temporary files, from which a later run can tell whether the process that made one still runs. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '../core/checksum.js';
import type { IoPort } from './io.js';

/** `.tensorslim-<machine>-<process>-<start of the process>-<counter>.tmp` */
const PATTERN = /^\.tensorslim-([0-9a-f]{8})-(\d{1,10})-(\d{1,20})-\d+\.tmp$/;
const UNKNOWN_START = '0';

let counter = 0;

/** A name that no other temporary file of this or another process has. */
export function temporaryPath(folder: string): string {
  const parts = [machine(), process.pid, startOf(process.pid), counter++];
  return join(folder, `.tensorslim-${parts.join('-')}.tmp`);
}

/** Shared folders hold files of other machines, whose processes cannot be looked at from here. */
function machine(): string {
  return crc32c(new TextEncoder().encode(hostname())).toString(16).padStart(8, '0');
}

/** When a process began, in the system's own unit: numbers of processes are used again. '0' where nobody says. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything; the start is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[19] ?? UNKNOWN_START;
  } catch {
    return UNKNOWN_START;
  }
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    return (error as { code?: unknown }).code === 'EPERM';
  }
  const now = startOf(pid);
  return start === UNKNOWN_START || now === UNKNOWN_START || now === start;
}

/** Whether `name` is a temporary file of a process of this machine that no longer runs. */
export function isStale(name: string): boolean {
  const match = PATTERN.exec(name);
  return match !== null && match[1] === machine() && !isRunning(Number(match[2]), match[3]);
}

/** Removes stale temporary files from a folder. A failure to look or to remove is no reason not to save. */
export async function removeStale(io: IoPort, folder: string): Promise<void> {
  const names = await io.readdir(folder).catch((): string[] => []);
  for (const name of names) {
    if (isStale(name)) await io.unlink(join(folder, name)).catch(() => undefined);
  }
}

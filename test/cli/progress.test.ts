import { describe, expect, it } from 'vitest';
import { progressBar, progressLine } from '../../src/cli/progress.js';
import { widthOf } from '../../src/cli/text.js';
import { fakeIo, fakeOutput, type FakeOutput } from './support/io.js';

const HALF = { doneBytes: 1_200_000_000, totalBytes: 2_400_000_000, name: 'encoder/layer_3/kernel' };

describe('progressLine()', () => {
  it('shows share, bytes, speed, time left and tensor', () => {
    expect(progressLine('compress', HALF, 3, 140, false)).toBe(
      `compress  ${'█'.repeat(12)}${'░'.repeat(12)}   50%  1.20 GB of 2.40 GB  400 MB/s  0:03 left  encoder/layer_3/kernel`,
    );
  });

  it('colours the bar alone', () => {
    expect(progressLine('compress', HALF, 3, 50, true)).toContain(
      `\x1b[36m${'█'.repeat(12)}${'░'.repeat(12)}\x1b[39m`,
    );
  });

  it.each(Array.from({ length: 140 }, (_, i) => i + 1))('leaves the last of %d columns free', (columns) => {
    expect(widthOf(progressLine('compress', HALF, 3, columns, false))).toBeLessThan(columns);
  });

  it('cuts the name in the middle, and leaves it out where it would say nothing', () => {
    expect(progressLine('compress', HALF, 3, 98, false)).toMatch(/ {2}encoder…kernel$/);
    expect(progressLine('compress', HALF, 3, 92, false)).toMatch(/ left$/);
  });

  it('shows the name without anything that could steer the terminal', () => {
    expect(progressLine('x', { ...HALF, name: '\x1b[2J' }, 3, 200, false)).toMatch(/\\u001b\[2J$/);
  });

  it('knows no speed at the beginning, and is done when there is nothing to do', () => {
    expect(progressLine('x', { doneBytes: 0, totalBytes: 9, name: 'w' }, 0, 140, false)).toContain(
      '-:-- left',
    );
    expect(progressLine('x', { doneBytes: 0, totalBytes: 0, name: 'w' }, 1, 140, false)).toContain('100%');
  });
});

describe('progressBar()', () => {
  const drawings = (stderr: FakeOutput): string[] => stderr.text.split('\r\x1b[2K').slice(1);

  it('draws at most ten times per second', () => {
    let time = 0;
    const stderr = fakeOutput({ isTTY: true, columns: 80 });
    const bar = progressBar(fakeIo({ stderr, now: () => time }), 'compress');
    for (; time < 1000; time += 5) bar.update({ ...HALF, doneBytes: time });
    expect(drawings(stderr)).toHaveLength(10);
  });

  it('leaves an empty line', () => {
    const stderr = fakeOutput({ isTTY: true, columns: 80 });
    const bar = progressBar(fakeIo({ stderr }), 'compress');
    bar.clear();
    expect(stderr.text).toBe('');
    bar.update(HALF);
    bar.clear();
    bar.clear();
    expect(drawings(stderr)).toHaveLength(2);
    expect(drawings(stderr)[1]).toBe('');
  });

  it.each([
    ['a pipe', { isTTY: false }, {}],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('draws nothing on %s', (_, terminal, env) => {
    const stderr = fakeOutput(terminal);
    const bar = progressBar(fakeIo({ stderr, env }), 'compress');
    bar.update(HALF);
    bar.clear();
    expect(stderr.text).toBe('');
  });

  it.each([
    ['colours', {}, true],
    ['colours with an empty NO_COLOR', { NO_COLOR: '' }, true],
    ['does not colour with NO_COLOR', { NO_COLOR: '1' }, false],
  ])('%s', (_, env, hasColor) => {
    const stderr = fakeOutput({ isTTY: true, columns: 80 });
    progressBar(fakeIo({ stderr, env }), 'compress').update(HALF);
    expect(stderr.text.includes('\x1b[36m')).toBe(hasColor);
  });

  it.each([0, undefined])('takes a width of %s for 80 columns', (columns) => {
    const stderr = fakeOutput({ isTTY: true, columns });
    progressBar(fakeIo({ stderr, env: { NO_COLOR: '1' } }), 'compress').update(HALF);
    const [line] = drawings(stderr);
    expect(widthOf(line)).toBeLessThan(80);
    expect(widthOf(line)).toBeGreaterThan(60);
  });

  it('goes on when the terminal is gone', async () => {
    const stderr = fakeOutput({ isTTY: true, columns: 80, write: () => Promise.reject(new Error('EIO')) });
    const bar = progressBar(fakeIo({ stderr }), 'compress');
    bar.update(HALF);
    bar.clear();
    await expect(Promise.resolve()).resolves.toBeUndefined();
  });
});

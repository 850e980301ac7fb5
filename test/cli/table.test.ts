import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table, type Column } from '../../src/cli/table.js';
import { widthOf } from '../../src/cli/text.js';

interface Row {
  readonly name: string;
  readonly size: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'tensor', align: 'left', isFlexible: true, cell: ({ name }) => name },
  { title: 'size', align: 'right', cell: ({ size }) => size },
];

describe('table()', () => {
  it('aligns every column under its title', () => {
    const rows = [
      { name: 'a', size: '1.00 kB' },
      { name: 'encoder/kernel', size: '12 B' },
    ];
    expect(table(COLUMNS, rows, Infinity)).toBe(
      ['tensor             size', 'a               1.00 kB', 'encoder/kernel     12 B'].join('\n'),
    );
  });

  it('prints the titles alone when there is nothing to list', () => {
    expect(table(COLUMNS, [], 80)).toBe('tensor  size');
  });

  it('cuts names in the middle to fit the terminal', () => {
    const rows = [{ name: 'encoder/layer_12/attention/query/kernel', size: '12 B' }];
    expect(table(COLUMNS, rows, 26).split('\n')[1]).toBe('encoder/la…ry/kernel  12 B');
    for (const line of table(COLUMNS, rows, 26).split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(26);
  });

  it('leaves a name readable where the terminal is too narrow for the table', () => {
    const [, line] = table(COLUMNS, [{ name: 'a'.repeat(30), size: '12 B' }], 5).split('\n');
    expect(line).toBe(`${'a'.repeat(6)}…${'a'.repeat(5)}  12 B`);
  });

  it('shows names that would steer the terminal as escapes', () => {
    expect(table(COLUMNS, [{ name: '\x1b[2J', size: '' }], 80)).toContain('\\u001b[2J');
  });

  it('never exceeds a width that leaves room for the least, and loses no record', () => {
    const row = fc.record({
      name: fc.string({ unit: 'grapheme' }),
      size: fc.string({ maxLength: 8, unit: 'grapheme-ascii' }),
    });
    fc.assert(
      fc.property(fc.array(row), fc.integer({ min: 40, max: 120 }), (rows, width) => {
        const lines = table(COLUMNS, rows, width).split('\n');
        expect(lines).toHaveLength(rows.length + 1);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      }),
      { numRuns: 300 },
    );
  });
});

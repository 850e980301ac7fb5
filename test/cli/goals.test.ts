import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/failure.js';
import { parseGoal } from '../../src/cli/goals.js';

describe('parseGoal()', () => {
  it.each([
    ['sqnrDb>=30', { figure: 'sqnrDb', atLeast: 30 }],
    [' maxAbs <= 1e-3 ', { figure: 'maxAbs', atMost: 0.001 }],
    ['sqnrDb>=-Infinity', { figure: 'sqnrDb', atLeast: -Infinity }],
    ['ratio>=.5', { figure: 'ratio', atLeast: 0.5 }],
  ])('reads %j', (text, goal) => {
    expect(parseGoal(text)).toEqual(goal);
  });

  it.each([
    '',
    'sqnrDb',
    'sqnrDb>30',
    'sqnrDb=30',
    'sqnrDb>=',
    'sqnrDb>=abc',
    '>=30',
    'sqnrDb>=3 0',
    'sqnrDb>=30,ratio>=2',
    '1>=2',
    'sqnrDb>=3,5',
  ])('refuses %j', (text) => {
    expect(() => parseGoal(text)).toThrow(UsageError);
    expect(() => parseGoal(text)).toThrow("for example 'sqnrDb>=30'");
  });
});

/** Goals as they are written on the command line. */
import { quote } from '../core/errors.js';
import type { Goal } from '../model/types.js';
import { UsageError } from './failure.js';

const GOAL = /^\s*([A-Za-z]\w*)\s*(>=|<=)\s*(\S+)\s*$/;

/** 'sqnrDb>=30' as `{figure: 'sqnrDb', atLeast: 30}`. Which figures there are, `verify` knows. */
export function parseGoal(text: string): Goal {
  const [, figure, relation, number] = GOAL.exec(text) ?? [];
  const value = Number(number);
  if (figure === undefined || Number.isNaN(value)) {
    throw new UsageError(
      `--goal expected FIGURE>=NUMBER or FIGURE<=NUMBER, got ${quote(text)} - for example 'sqnrDb>=30'`,
    );
  }
  return relation === '>=' ? { figure, atLeast: value } : { figure, atMost: value };
}

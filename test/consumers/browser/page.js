/** Runs in the browser: compares with what Node computed and leaves the verdict in the document. */
import expected from './expected.json';
import { results } from './cases.js';

let wrong;
try {
  const got = results();
  wrong = expected
    .filter((line, i) => got[i] !== line)
    .map((line, i) => `expected ${line}\ngot      ${got[i]}`);
  if (got.length !== expected.length) wrong.push(`expected ${expected.length} lines, got ${got.length}`);
} catch (error) {
  wrong = [String(error.stack)];
}
document.title = wrong.length === 0 ? `${expected.length} equal` : `${wrong.length} wrong`;
document.body.textContent = wrong.join('\n');

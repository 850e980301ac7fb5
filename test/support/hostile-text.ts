import * as fc from 'fast-check';

/** Names that try to leave their place in XML, HTML, Markdown or a line of text. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onload='alert(1)",
  ']]></title><svg onload="x">',
  '&lt;already&#39; &unknown; &',
  '</style><b>',
  '--><!--',
  'a\u0000b\u0008c\u001fd\u0085e',
  'line\nbreak\ttab\r',
  '\ud800lone\udc00',
  '\u202eright to left\u2066',
  '\ufffe\uffff',
  'pipe | `tick` ``two`` \\| *star* [link](x) <b> ~~',
  '__proto__',
  '层.注意力.权重'.repeat(20),
  '😀'.repeat(50),
  'x'.repeat(5000),
];

/** Any text at all, hostile ones often. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
    .map((units) => String.fromCharCode(...units)),
);

/** Any number at all, odd ones often. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
    1,
    1e-7,
  ),
);

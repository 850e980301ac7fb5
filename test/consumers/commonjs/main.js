'use strict';
const { deepEqual, equal } = require('node:assert/strict');
const { exports: subpaths } = require('tensorslim/package.json');
const root = require('tensorslim');
const { quantizeAffine } = require('tensorslim/quantize');

for (const subpath of Object.keys(subpaths)) {
  const names = Object.keys(require(`tensorslim${subpath.slice(1)}`));
  equal(names.length > 0, true, `${subpath} exports something`);
}

// All subpaths share one set of kernels and one memory.
root.setBackend('scalar');
const x = root.allocate(64, 'float32').fill(0.25);
const scalar = root.toBytes(quantizeAffine(x, { bits: 4 }));
root.setBackend('auto');
equal(root.backend(), 'simd');
deepEqual(root.toBytes(quantizeAffine(x, { bits: 4 })), scalar);
root.free(x);

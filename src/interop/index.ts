/** `tensorslim/interop`: tensors to and from the array packages that numeric JavaScript uses. */
export { toMatrix, fromMatrix } from './ml-matrix.js';
export { toNdarray, fromNdarray } from './ndarray.js';
export type { Ndarray } from './ndarray.js';

/**
 * The few parts of the WebAssembly interface that the kernels use, typed here because TypeScript declares them only
 * together with the whole DOM.
 */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { env: { memory: WasmMemory } },
  ) => { readonly exports: object };
}

/** The engine's WebAssembly, or null where there is none. */
function webAssembly(): WebAssemblyApi | null {
  return (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly ?? null;
}

/** A module of one function that returns i8x16.splat(0): valid exactly where 128-bit SIMD is. */
const SIMD_PROBE = [
  [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // one type: () -> v128
  [0x03, 0x02, 0x01, 0x00], // one function of that type
  [0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b], // i32.const 0, i8x16.splat, end
];

/** The engine's WebAssembly where it has SIMD and may compile (a content security policy may forbid it), else null. */
export function usableWebAssembly(): WebAssemblyApi | null {
  const api = webAssembly();
  const probe = Uint8Array.from(SIMD_PROBE.flat());
  if (api === null || !api.validate(probe)) return null;
  try {
    void new api.Module(probe);
    return api;
  } catch {
    return null;
  }
}

/** Decodes base64 without Buffer or DOM, so that every engine takes the same path. */
export function decodeBase64(text: string, byteLength: number): Uint8Array {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const values = new Uint8Array(128);
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(byteLength);
  for (let i = 0, at = 0; at < byteLength; i += 4) {
    const word =
      (values[text.charCodeAt(i)] << 18) |
      (values[text.charCodeAt(i + 1)] << 12) |
      (values[text.charCodeAt(i + 2)] << 6) |
      values[text.charCodeAt(i + 3)];
    // Writes past the end, which padding asks for, are ignored by typed arrays.
    bytes[at++] = word >> 16;
    bytes[at++] = word >> 8;
    bytes[at++] = word;
  }
  return bytes;
}

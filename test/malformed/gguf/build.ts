/** GGUF files put together byte by byte, so that any part of them can be wrong. */
const encoder = new TextEncoder();

export type Piece = Uint8Array | string | readonly number[];

export const join = (...pieces: Piece[]): Uint8Array => {
  const parts = pieces.map((piece) => (typeof piece === 'string' ? encoder.encode(piece) : Uint8Array.from(piece)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (value: number | bigint): Uint8Array =>
  new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
/** Text behind its length, about which `length` may lie. */
export const text = (value: Piece, length: number | bigint | null = null): Uint8Array => {
  const bytes = join(value);
  return join(u64(length ?? bytes.length), bytes);
};

/** A key with the number of its type and the bytes of its value. */
export const pair = (key: Piece, type: number, value: Piece): Uint8Array => join(text(key), u32(type), value);
export const list = (key: Piece, of: number, length: number | bigint, items: Piece): Uint8Array =>
  pair(key, 9, join(u32(of), u64(length), items));
export const alignment = (value: number): Uint8Array => pair('general.alignment', 4, u32(value));

/** A tensor: axes in the order of the file, shortest first. */
export const tensor = (
  name: Piece = 'w',
  axes: readonly (number | bigint)[] = [8],
  type = 0,
  offset: number | bigint = 0,
  rank: number = axes.length,
): Uint8Array => join(text(name), u32(rank), ...axes.map(u64), u32(type), u64(offset));

export interface Parts {
  readonly magic?: Piece;
  readonly version?: number;
  readonly tensorCount?: number | bigint;
  readonly keyCount?: number | bigint;
  readonly pairs?: readonly Uint8Array[];
  readonly tensors?: readonly Uint8Array[];
  /** Bytes of data, each 1; or the data. */
  readonly data?: number | Uint8Array;
  /** To which the header is padded. */
  readonly align?: number;
  /** Of the padding. */
  readonly fill?: number;
}

export function file(parts: Parts = {}): Uint8Array {
  const { pairs = [], tensors = [], align = 32, fill = 0 } = parts;
  const header = join(
    parts.magic ?? 'GGUF',
    u32(parts.version ?? 3),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.keyCount ?? pairs.length),
    ...pairs,
    ...tensors,
  );
  const padding = new Uint8Array(Math.ceil(header.length / align) * align - header.length).fill(fill);
  const data = typeof parts.data === 'number' ? new Uint8Array(parts.data).fill(1) : (parts.data ?? []);
  return join(header, padding, data);
}

/**
 * Enough of the protobuf wire format to write Agones' messages (pure). The published SDK's generated code brings 9 MB of its own beside
 * every game server, and cannot write maps: it calls a method that the runtime beside it (google-protobuf 4) no longer has.
 */

const LENGTH_DELIMITED = 2;
const VARINT = 0;

/** One field; a value that is its type's default is not written. */
export type Field = Buffer;

export const concat = (fields: readonly Field[]): Buffer => Buffer.concat(fields);

export function textField(number: number, value: string): Field {
  return value === '' ? Buffer.alloc(0) : bytesField(number, Buffer.from(value, 'utf8'));
}

/** Also of a repeated field and of a map's entry, where an empty value counts. */
export function bytesField(number: number, value: Buffer): Field {
  return Buffer.concat([varint(BigInt((number << 3) | LENGTH_DELIMITED)), varint(BigInt(value.length)), value]);
}

/** A repeated field, of which an empty text counts, too. */
export const textsField = (number: number, texts: readonly string[]): Field =>
  concat(texts.map((text) => bytesField(number, Buffer.from(text, 'utf8'))));

export function numberField(number: number, value: number | bigint | boolean): Field {
  const whole = BigInt(value);
  return whole === 0n ? Buffer.alloc(0) : Buffer.concat([varint(BigInt((number << 3) | VARINT)), varint(BigInt.asUintN(64, whole))]);
}

export const mapField = (number: number, entries: readonly (readonly [string, Field])[]): Field =>
  concat(entries.map(([key, value]) => bytesField(number, concat([textField(1, key), value]))));

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

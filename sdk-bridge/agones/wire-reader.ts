/** Enough of the protobuf wire format to read Agones' messages (pure): fields by number, whatever else is there passed over. */

/** A message's fields. A field that is not there has its type's default; of a repeated scalar the last one counts, as the format says. */
export interface Fields {
  text(number: number): string;
  /** A 64-bit whole number, signed. */
  int(number: number): bigint;
  message(number: number): Fields | undefined;
  messages(number: number): readonly Fields[];
  texts(number: number): readonly string[];
}

/** @throws RangeError when the bytes are not a message. */
export function readFields(message: Buffer): Fields {
  const found = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('a message ends in the middle of a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number has more than 64 bits');
  };
  const bytes = (length: number): Buffer => {
    if (length > message.length - at) throw new RangeError('a message ends in the middle of a field');
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const key = varint();
    const number = Number(key >> 3n);
    const value = valueOf(Number(key & 7n), varint, bytes);
    const values = found.get(number);
    if (values === undefined) found.set(number, [value]);
    else values.push(value);
  }
  const last = (number: number) => found.get(number)?.at(-1);
  const buffers = (number: number) => (found.get(number) ?? []).filter((value) => typeof value !== 'bigint');
  return {
    text: (number) => buffers(number).at(-1)?.toString('utf8') ?? '',
    int: (number) => {
      const value = last(number);
      return typeof value === 'bigint' ? BigInt.asIntN(64, value) : 0n;
    },
    message: (number) => {
      const value = buffers(number).at(-1);
      return value === undefined ? undefined : readFields(value);
    },
    messages: (number) => buffers(number).map(readFields),
    texts: (number) => buffers(number).map((value) => value.toString('utf8')),
  };
}

function valueOf(type: number, varint: () => bigint, bytes: (length: number) => Buffer): bigint | Buffer {
  switch (type) {
    case 0:
      return varint();
    case 1:
      return bytes(8).readBigUInt64LE();
    case 2:
      return bytes(Number(varint()));
    case 5:
      return BigInt(bytes(4).readUInt32LE());
    default:
      throw new RangeError(`a field has the unknown wire type ${type}`);
  }
}

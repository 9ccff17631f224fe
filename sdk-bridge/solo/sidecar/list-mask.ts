/** Which fields of a list an update may name, and what is said of others. */

export const LIST_FIELDS: readonly string[] = ['name', 'capacity', 'values'];

const FIELD_WORDS = [
  'Name: name, Number: 1, Cardinality: optional, Kind: string, HasJSONName: true, JSONName: "name"',
  'Name: capacity, Number: 2, Cardinality: optional, Kind: int64, HasJSONName: true, JSONName: "capacity"',
  'Name: values, Number: 3, Cardinality: repeated, Kind: string, HasJSONName: true, JSONName: "values", IsList: true',
]
  .map((field) => `{${field}}`)
  .join(', ');

export const badMask = (paths: readonly string[]): string =>
  `invalid argument. Field Mask Path(s): [${paths.join(' ')}] are invalid for List. Use valid field name(s): Fields{${FIELD_WORDS}}`;

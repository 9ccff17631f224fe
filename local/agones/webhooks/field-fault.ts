/** Faults in an object, said in the words and the shape in which Kubernetes says them. */

export type FaultReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueForbidden'
  | 'FieldValueDuplicate'
  | 'FieldValueTooLong'
  | 'FieldValueNotSupported';

export interface FieldFault {
  readonly reason: FaultReason;
  readonly field: string;
  readonly message: string;
}

export const required = (field: string, detail: string): FieldFault => ({
  reason: 'FieldValueRequired',
  field,
  message: `Required value: ${detail}`,
});

export const invalid = (field: string, value: unknown, detail: string): FieldFault => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});

export const forbidden = (field: string, detail: string): FieldFault => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
});

export const duplicate = (field: string, value: unknown): FieldFault => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

export const tooLong = (field: string, bytes: number): FieldFault => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${bytes} bytes`,
});

export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldFault => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});

export interface InvalidObject {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** The `Status` that refuses an object for its faults. */
export function invalidStatus(refused: InvalidObject, faults: readonly FieldFault[]): Readonly<Record<string, unknown>> {
  const said = faults.map((fault) => `${fault.field}: ${fault.message}`);
  const list = said.length === 1 ? (said[0] ?? '') : `[${said.join(', ')}]`;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${refused.kind}.${refused.group} ${JSON.stringify(refused.name)} is invalid: ${list}`,
    reason: 'Invalid',
    details: {
      ...(refused.name === '' ? {} : { name: refused.name }),
      group: refused.group,
      kind: refused.kind,
      causes: faults.map(({ reason, message, field }) => ({ reason, message, field })),
    },
    code: 422,
  };
}

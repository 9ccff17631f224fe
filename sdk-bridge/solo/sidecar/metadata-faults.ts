/** What Kubernetes accepts as the key and the value of a label (pure). */

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const NAME_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_WORDS =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const NAME_MAX = 63;
const PREFIX_MAX = 253;

/** What is wrong with a key such as `example.com/name`; nothing when it is fine. */
export function qualifiedNameFaults(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [`a qualified name ${NAME_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const faults: string[] = [];
  if (prefix !== undefined) {
    if (prefix === '') faults.push('prefix part must be non-empty');
    else if (prefix.length > PREFIX_MAX) faults.push(`prefix part must be no more than ${PREFIX_MAX} bytes`);
    else if (!SUBDOMAIN.test(prefix)) faults.push(`prefix part ${SUBDOMAIN_WORDS}`);
  }
  if (name === '') faults.push('name part must be non-empty');
  else if (Buffer.byteLength(name) > NAME_MAX) faults.push(`name part must be no more than ${NAME_MAX} bytes`);
  if (!NAME.test(name)) faults.push(`name part ${NAME_WORDS}`);
  return faults;
}

/** What is wrong with the value of a label. */
export function labelValueFaults(value: string): string[] {
  const faults: string[] = [];
  if (Buffer.byteLength(value) > NAME_MAX) faults.push(`must be no more than ${NAME_MAX} bytes`);
  if (!LABEL_VALUE.test(value)) faults.push(VALUE_WORDS);
  return faults;
}

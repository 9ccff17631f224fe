/** The recordings: what was asked of a real Agones and what it answered. See `test/fixtures/agones/recorded/README.md`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'fixtures', 'agones', 'recorded');

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text was sent byte for byte, anything else as compact JSON. */
  readonly body?: unknown;
}

export interface RecordedResponse {
  readonly status: number;
  readonly contentType?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface RecordedCase {
  readonly name: string;
  readonly note?: string;
  readonly request?: RecordedRequest;
  readonly response?: RecordedResponse;
  readonly [field: string]: unknown;
}

/** The cases of one file, in the order in which they were recorded, without the entries that only part sections. */
export function recordedCases(file: string): RecordedCase[] {
  const cases = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as RecordedCase[];
  return cases.filter(({ name }) => name !== 'SECTION');
}

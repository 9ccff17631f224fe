/** The verdict on one replayed case. */
import assert from 'node:assert/strict';

import { deviationOf } from './deviations.ts';

/** What a case is called in the report; a deviation says its reason. */
export function titleOf(file: string, name: string): string {
  const deviation = deviationOf(file, name);
  return deviation === undefined ? name : `${name} (deviates: ${deviation.reason})`;
}

/** Fails when a case differs, and when a listed deviation does not. */
export function judgeCase(file: string, name: string, differences: readonly string[]): void {
  if (deviationOf(file, name) === undefined) {
    assert.ok(differences.length === 0, `differs from the recorded answer:\n  ${differences.slice(0, 20).join('\n  ')}`);
  } else {
    assert.ok(differences.length > 0, 'is listed as a deviation, but agrees with the recorded answer: take it off the list');
  }
}

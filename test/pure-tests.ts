/**
 * Which tests belong to the fast loop: those that start no process, found by what they load and not by their name.
 * A test that reaches `node:child_process`, and so every test on real parts (`local/testing.ts`), is left to `make test`.
 */
import { loadedBy, sources } from './tooling/import-graph.ts';

export function pureTests(): string[] {
  return sources().filter((file) => file.startsWith('test/') && file.endsWith('.test.ts') && !loadedBy(file).has('node:child_process'));
}

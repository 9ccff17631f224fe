/** What a Node process that a test starts has of this one: where commands are found, and where compiled scripts are kept (`test/parts.ts`). */
export function inheritedEnv(): Record<string, string> {
  const cache = process.env['NODE_COMPILE_CACHE'];
  return { PATH: process.env['PATH'] ?? '', ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) };
}

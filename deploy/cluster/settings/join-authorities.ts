/** Several authorities as one bundle, which is believed if any of them is. Pure. */

/** @param given PEM in base64, as Secrets have it, and so is what is returned; undefined of none */
export function joinAuthorities(given: readonly string[]): string | undefined {
  if (given.length === 0) return undefined;
  // Whether the last line of a PEM has an end is up to whoever wrote it.
  const texts = given.map((one) => `${Buffer.from(one, 'base64').toString('utf8').trim()}\n`);
  return Buffer.from(texts.join('')).toString('base64');
}

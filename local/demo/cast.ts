/** Who plays: 24 bots, alone and in parties, near one region or the other. Pure. */

export interface Part {
  readonly name: string;
  readonly mode: 'duel' | 'world';
  /** Those with the same party queue together. */
  readonly party?: { readonly name: string; readonly size: number };
  readonly skill: number;
  readonly latencies: Readonly<Record<string, number>>;
}

interface Group {
  readonly mode: Part['mode'];
  readonly size: number;
  /** The index of the near region. */
  readonly home: 0 | 1;
  readonly skill: number;
}

/** Duels are for two, worlds for four; each region has enough of each for full matches. */
const GROUPS: readonly Group[] = [
  { mode: 'duel', size: 2, home: 0, skill: 1_450 },
  { mode: 'duel', size: 2, home: 0, skill: 1_500 },
  { mode: 'duel', size: 1, home: 0, skill: 1_520 },
  { mode: 'duel', size: 1, home: 0, skill: 1_480 },
  { mode: 'duel', size: 2, home: 1, skill: 1_500 },
  { mode: 'duel', size: 2, home: 1, skill: 1_550 },
  { mode: 'duel', size: 1, home: 1, skill: 1_470 },
  { mode: 'duel', size: 1, home: 1, skill: 1_510 },
  { mode: 'world', size: 3, home: 0, skill: 1_500 },
  { mode: 'world', size: 1, home: 0, skill: 1_490 },
  { mode: 'world', size: 2, home: 0, skill: 1_510 },
  { mode: 'world', size: 1, home: 0, skill: 1_530 },
  { mode: 'world', size: 1, home: 0, skill: 1_500 },
  { mode: 'world', size: 2, home: 1, skill: 1_480 },
  { mode: 'world', size: 2, home: 1, skill: 1_520 },
];

/** @param regions the two regions, the first one home of the first half */
export function castOf(regions: readonly [string, string]): Part[] {
  return GROUPS.flatMap(({ mode, size, home, skill }, group) =>
    Array.from({ length: size }, (_, member) => ({
      name: `bot-${group + 1}${size > 1 ? `abc`.charAt(member) : ''}`,
      mode,
      skill: skill + member * 7,
      // No two players have the same line.
      latencies: { [regions[home]]: 14 + group * 3 + member, [regions[1 - home] ?? regions[home]]: 92 + group * 2 + member },
      ...(size > 1 ? { party: { name: `party-${group + 1}`, size } } : {}),
    })),
  );
}

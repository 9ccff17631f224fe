import assert from 'node:assert/strict';
import type { z } from 'zod';
import { formMatches } from '../../matchmaker/matching/form-matches.ts';
import type { WaitingTicket } from '../../matchmaker/matching/unit.ts';
import { Mode } from '../../matchmaker/mode.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const mode = (changes: Partial<z.input<typeof Mode>> = {}) =>
  Mode.parse({
    fleet: 'arena',
    map: 'Arena',
    players: 2,
    latencyMs: { start: 80, perSecond: 10, most: 500 },
    skill: { start: 100, perSecond: 10, most: 1_000 },
    ...changes,
  });

interface Given {
  readonly age?: number;
  readonly skill?: number;
  readonly build?: string;
  readonly players?: readonly string[];
  readonly party?: { id: string; size: number };
  readonly latencies?: Record<string, number>;
}

function ticket(id: string, given: Given = {}): WaitingTicket {
  const player = (name: string) => ({ id: name, skill: given.skill ?? 1_500, latencies: given.latencies ?? { eu: 20 } });
  return {
    id,
    build: given.build ?? 'b1',
    players: (given.players ?? [id]).map(player),
    party: given.party,
    createdAt: NOW - (given.age ?? 0) * 1_000,
  };
}

const matched = (tickets: WaitingTicket[], of = mode()) =>
  formMatches(tickets, of, NOW).map((match) => match.tickets.map((one) => one.id).join('+'));

describe('forming matches', () => {
  const cases: [string, WaitingTicket[], string[], Mode?][] = [
    ['leaves one alone who finds nobody', [ticket('a')], []],
    ['brings two together, the oldest first', [ticket('c', { age: 1 }), ticket('b', { age: 2 }), ticket('a', { age: 3 })], ['a+b']],
    [
      'makes as many matches as there are players for',
      ['a', 'b', 'c', 'd', 'e'].map((id, index) => ticket(id, { age: 9 - index })),
      ['a+b', 'c+d'],
    ],
    ['keeps builds apart', [ticket('a', { build: 'b1' }), ticket('b', { build: 'b2' })], []],
    ['keeps skills apart that are too far', [ticket('a', { skill: 1_000 }), ticket('b', { skill: 1_101 })], []],
    ['widens the skill window with the age of the oldest', [ticket('a', { skill: 1_000, age: 1 }), ticket('b', { skill: 1_101 })], ['a+b']],
    [
      'passes over who does not fit and takes the next',
      [ticket('a', { age: 3 }), ticket('b', { age: 2, skill: 9_000 }), ticket('c', { age: 1 })],
      ['a+c'],
    ],
    ['needs one region that is good enough for all', [ticket('a', { latencies: { eu: 20 } }), ticket('b', { latencies: { us: 20 } })], []],
    [
      'does not count a region that is too far for one',
      [ticket('a', { latencies: { eu: 20 } }), ticket('b', { latencies: { eu: 81, us: 10 } })],
      [],
    ],
    [
      'widens the latency limit with the age of whom it bounds',
      [ticket('a', { latencies: { eu: 20 } }), ticket('b', { age: 1, latencies: { eu: 81, us: 10 } })],
      ['b+a'],
    ],
    ['takes a whole party as one', [ticket('p', { players: ['x', 'y'] }), ticket('a', { age: 5 })], ['p']],
    ['waits for the whole party', [ticket('a', { party: { id: 'P', size: 2 } }), ticket('z', { age: 9, skill: 9_000 })], []],
    [
      'keeps a party together',
      [ticket('a', { party: { id: 'P', size: 2 }, age: 1 }), ticket('z', { age: 5 }), ticket('b', { party: { id: 'P', size: 2 } })],
      ['a+b'],
    ],
    [
      'lets a party be of ticket with several players',
      [ticket('a', { party: { id: 'P', size: 3 }, players: ['x', 'y'] }), ticket('b', { party: { id: 'P', size: 3 } })],
      ['a+b'],
      mode({ players: 3 }),
    ],
    [
      'leaves a member too many out of a party',
      [
        ticket('a', { party: { id: 'P', size: 2 }, age: 3 }),
        ticket('b', { party: { id: 'P', size: 2 }, age: 2 }),
        ticket('c', { party: { id: 'P', size: 2 }, age: 1 }),
      ],
      ['a+b'],
    ],
    [
      'does not mix parties of one id but other sizes',
      [ticket('a', { party: { id: 'P', size: 2 } }), ticket('b', { party: { id: 'P', size: 3 } })],
      [],
    ],
    [
      'fills the seats exactly',
      [ticket('a', { players: ['1', '2'], age: 3 }), ticket('b', { players: ['3', '4'], age: 2 }), ticket('c', { age: 1 })],
      ['a+c'],
      mode({ players: 3 }),
    ],
    [
      'names a player once in a match',
      [ticket('a', { players: ['x'], age: 3 }), ticket('b', { players: ['x'], age: 2 }), ticket('c', { age: 1 })],
      ['a+c'],
    ],
    ['does not start with few before its time', [ticket('a', { age: 19 }), ticket('b')], [], mode({ players: 4, minPlayers: 2 })],
    [
      'starts with few when the oldest has waited long enough',
      [ticket('a', { age: 20 }), ticket('b')],
      ['a+b'],
      mode({ players: 4, minPlayers: 2 }),
    ],
    ['never starts with too few', [ticket('a', { age: 500 })], [], mode({ players: 4, minPlayers: 2 })],
  ];
  for (const [what, tickets, expected, of] of cases) it(what, () => assert.deepEqual(matched(tickets, of), expected));

  it('names the regions that all may play in, best for the worst player first', () => {
    const tickets = [
      ticket('a', { latencies: { eu: 70, us: 40, asia: 300 } }),
      ticket('b', { latencies: { eu: 10, us: 60, asia: 10, africa: 5 } }),
    ];
    assert.deepEqual(
      formMatches(tickets, mode(), NOW).map((match) => match.regions),
      [['us', 'eu']],
    );
  });

  it('decides the same whatever order the tickets come in, and uses each once', () => {
    const draw = (index: number) => (index * 7_919) % 1_000;
    const tickets = Array.from({ length: 300 }, (_, index) =>
      ticket(`t${index}`, {
        age: draw(index) % 40,
        skill: 1_000 + draw(index),
        latencies: { eu: draw(index) % 150, us: 150 - (draw(index) % 150) },
      }),
    );
    const one = matched(tickets, mode({ players: 4 }));
    const other = matched(tickets.toReversed(), mode({ players: 4 }));
    assert.deepEqual(one, other);
    const used = one.flatMap((match) => match.split('+'));
    assert.equal(new Set(used).size, used.length);
    assert.ok(one.length > 50);
  });
});

/** The modes that the local stack plays, on the fleets of `fleets/base`. */
import type { z } from 'zod';
import type { Modes } from '../matchmaker/mode.ts';

/** Two clusters and all their game servers share one machine, which may have other work: a session is given longer to begin than elsewhere. */
const deadlineSeconds = 300;

export const MATCH_MODES: z.input<typeof Modes> = {
  /** Two against each other; nothing is kept. */
  duel: {
    fleet: 'sample-duel',
    map: 'arena',
    players: 2,
    deadlineSeconds,
    data: { emptySeconds: 2, noShowSeconds: 30, durationSeconds: 300 },
  },
  /** Up to four in one of many persistent worlds. */
  world: {
    fleet: 'sample-world',
    map: 'valley',
    players: 4,
    deadlineSeconds,
    minPlayers: 2,
    maxWaitSeconds: 6,
    worlds: 10_000,
    data: { emptySeconds: 2, noShowSeconds: 30 },
  },
};

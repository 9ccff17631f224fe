/** Matching, round after round, for every mode; and the sweep, now and then. */
import { pause } from '../../runtime/deadline.ts';
import type { MatchmakerParts } from '../moves/matchmaker-parts.ts';
import type { MatchDriver } from './match-driver.ts';
import { matchingRound } from './matching-round.ts';
import { sweep } from './sweep.ts';

/** Rounds are short and often: windows widen with time, so that matches come about without any event. */
const ROUND_MS = 250;
const SWEEP_MS = 10_000;

export async function matchmakingLoop(parts: MatchmakerParts, driver: MatchDriver, signal: AbortSignal): Promise<void> {
  const modes = Object.keys(parts.modes).map((mode) => repeat(ROUND_MS, signal, parts, () => matchingRound(parts, driver, mode)));
  await Promise.all([...modes, repeat(SWEEP_MS, signal, parts, () => sweep(parts))]);
}

/** A round that fails is no reason to stop: the next one looks at the same documents. */
async function repeat(everyMs: number, signal: AbortSignal, parts: MatchmakerParts, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch((cause: unknown) => parts.events.roundFailed(cause));
    await pause(everyMs, signal);
  }
}

/** Health is judged: is the game server alive enough for a beat towards Agones? A hitch is not a death; a hang is. Pure. */
import type { SessionPhase } from '../../contracts/bridge.ts';
import type { HealthSpec } from '../agones/game-server.ts';

export interface HealthBudgets {
  /** Oldest frame while starting up or loading a map, in milliseconds. */
  readonly loadingMs: number;
  /** Oldest frame otherwise, in milliseconds. */
  readonly playingMs: number;
  /** Oldest `/health` ping of a server that does not speak LifeVerse, in milliseconds. */
  readonly pingMs: number;
}

export interface Vitals {
  /** The LifeVerse plugin has said hello: frames are what counts, no longer pings. */
  readonly hello: boolean;
  readonly warm: boolean;
  readonly phase: SessionPhase;
  /** Since when a map is being loaded, in milliseconds since the epoch. */
  readonly travellingSince: number | null;
  /** Last sign of the game thread, in milliseconds since the epoch. */
  readonly lastFrameAt: number | undefined;
  readonly lastPingAt: number | undefined;
}

/** @param now milliseconds since the epoch. */
export function isAlive(vitals: Vitals, budgets: HealthBudgets, now: number): boolean {
  if (!vitals.hello) return vitals.lastPingAt !== undefined && now - vitals.lastPingAt <= budgets.pingMs;
  return vitals.lastFrameAt !== undefined && now - vitals.lastFrameAt <= frameBudgetMs(vitals, budgets, now);
}

/**
 * Loading: start-up until warm, a claimed session until it is joinable, and a travel. One that takes longer than the budget has hung,
 * however often it is said.
 */
export function frameBudgetMs(
  { warm, phase, travellingSince }: Pick<Vitals, 'warm' | 'phase' | 'travellingSince'>,
  budgets: HealthBudgets,
  now: number,
): number {
  const travels = travellingSince !== null && now - travellingSince <= budgets.loadingMs;
  const loading = phase === 'claimed' || (phase === 'idle' && !warm) || travels;
  return loading ? budgets.loadingMs : budgets.playingMs;
}

/** Two beats at least in each period in which Agones counts a failure, however short a fleet has made it. In milliseconds. */
export function beatEveryMs(configuredMs: number, health: HealthSpec | undefined): number {
  if (health === undefined || health.disabled || health.periodSeconds <= 0) return configuredMs;
  return Math.min(configuredMs, (health.periodSeconds * 1_000) / 2);
}

/** What the game server reports of its frames, about once a second: totals, and the last minute. */

export interface FrameReport {
  readonly frames: number;
  readonly longestMs: number;
  readonly meanMs?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly hitches?: number | undefined;
}

/** In seconds. Undefined: nothing was reported of it. */
export interface FrameFigures {
  readonly frames: number;
  readonly hitches: number | undefined;
  readonly mean: number | undefined;
  readonly p99: number | undefined;
  readonly longest: number | undefined;
  readonly lastAge: number | undefined;
}

export interface FrameBook {
  report(report: FrameReport): void;
  figures(): FrameFigures;
}

/** Longer than scrapes are apart, so that none misses a hitch. */
const WINDOW_MS = 60_000;

/** @param now milliseconds. */
export function createFrameBook(now: () => number): FrameBook {
  let frames = 0;
  let hitches: number | undefined;
  let lastAt: number | undefined;
  let kept: { readonly at: number; readonly report: FrameReport }[] = [];
  const recent = () => (kept = kept.filter(({ at }) => now() - at <= WINDOW_MS)).map(({ report }) => report);
  return {
    report: (report) => {
      frames += report.frames;
      if (report.hitches !== undefined) hitches = (hitches ?? 0) + report.hitches;
      lastAt = now();
      kept.push({ at: lastAt, report });
      // Whoever reports a thousand times a second does not fill the memory.
      if (kept.length > 600) kept = kept.slice(-300);
    },
    figures: () => {
      const reports = recent();
      const counted = reports.flatMap(({ frames: count, meanMs }) => (meanMs === undefined ? [] : [{ count, meanMs }]));
      const total = counted.reduce((sum, { count }) => sum + count, 0);
      return {
        frames,
        hitches,
        mean: total === 0 ? undefined : counted.reduce((sum, { count, meanMs }) => sum + count * meanMs, 0) / total / 1_000,
        p99: seconds(reports.flatMap(({ p99Ms }) => p99Ms ?? [])),
        longest: seconds(reports.map(({ longestMs }) => longestMs)),
        lastAge: lastAt === undefined ? undefined : (now() - lastAt) / 1_000,
      };
    },
  };
}

/** The largest of milliseconds. */
function seconds(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values) / 1_000;
}

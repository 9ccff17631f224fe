/**
 * Whether a schedule of a FleetAutoscaler is active (pure), as Agones judges it: `between` bounds it, and from each time that its cron
 * names, in its time zone, it lasts for its duration. Agones' rules where they surprise:
 *
 *   - it begins up to a minute and a half before the cron's time, when the next one is looked for anyway;
 *   - without a duration it lasts for ever, without a cron it lasts as long as `between` does;
 *   - a time that the clocks leap over in spring is left out. Of one that comes twice in autumn only the first counts here, in Agones both.
 */
import { Cron } from 'croner';
import type { SchedulePolicy } from '../resources/fleet.ts';

/** A duration that is not given: close to the longest that Go knows. */
const FOR_EVER_MS = 2_540_400 * 3_600_000;
const EARLY_MS = 90_000;

export function isScheduleActive({ between = {}, activePeriod = {} }: SchedulePolicy, now: Date): boolean {
  const at = now.getTime();
  if (between.start && at < Date.parse(between.start)) return false;
  if (between.end && at > Date.parse(between.end)) return false;
  const { timezone = '', startCron = '', duration = '' } = activePeriod;
  if (startCron === '') return true;
  const lastsMs = duration === '' ? FOR_EVER_MS : durationMs(duration);
  const start = nextOf(cronOf(startCron, timezone), new Date(at - lastsMs))?.getTime();
  return start !== undefined && at > start - EARLY_MS && at < start + lastsMs;
}

/** A time that the clocks leap over is moved by the library to the end of the gap, where the cron does not match. */
function nextOf(cron: Cron, after: Date): Date | undefined {
  let next = cron.nextRun(after);
  while (next !== null && !cron.match(next)) next = cron.nextRun(next);
  return next ?? undefined;
}

const MACROS = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;
const NAMES = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat';
const FIELD = new RegExp(`^(?:[\\d*?,/-]|${NAMES})+$`, 'i');
/** The library also takes 7 for Sunday, Agones does not. */
const SEVEN = /(?:^|[,-])7(?:$|[,/-])/;

/** @throws Error when it is not a cron that Agones takes; `@every` is one that only the stand-in does not know. */
export function cronOf(text: string, timezone: string): Cron {
  if (!MACROS.test(text)) {
    const fields = text.split(/\s+/).filter((field) => field !== '');
    if (text.startsWith('@')) throw new Error(`unrecognized descriptor: ${text}`);
    if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
    const wrong = fields.find((field, index) => !FIELD.test(field) || (index === 4 && SEVEN.test(field)));
    if (wrong !== undefined) throw new Error(`failed to parse ${wrong}`);
  }
  return new Cron(text, { timezone: timezone === '' ? 'UTC' : timezone, mode: '5-part', paused: true });
}

export function isTimezone(name: string): boolean {
  if (name === '') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;

/** @throws Error when Go could not read it. */
export function durationMs(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  if (!DURATION.test(text)) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  const parts = [...text.matchAll(/([\d.]+)([a-zµ]+)/g)];
  const sum = parts.reduce((total, [, count = '0', unit = '']) => total + Number(count) * (UNITS_MS[unit] ?? 0), 0);
  return text.startsWith('-') ? -sum : sum;
}

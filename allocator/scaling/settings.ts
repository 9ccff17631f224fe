/** How a fleet is to be scaled, as its annotations say. Pure. */
import { z } from 'zod';
import { RELEASE_STATE, type ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';
import { AppError } from '../../contracts/app-error.ts';
import { DEFAULT_SETTINGS, type ScalingSettings } from './wanted-replicas.ts';

const PREFIX = 'lifeverse.dev/';
const DAY = 86_400;

const whole = (greatest: number) =>
  z
    .string()
    .regex(/^\d{1,7}$/, 'a whole number')
    .transform(Number)
    .refine((value) => value <= greatest, `at most ${greatest}`);

const Annotations = z.object({
  [`${PREFIX}buffer`]: whole(100_000).optional(),
  [`${PREFIX}min`]: whole(100_000).optional(),
  [`${PREFIX}max`]: whole(100_000).optional(),
  [`${PREFIX}scale-down-seconds`]: whole(DAY).optional(),
});

/** Of a fleet whose build takes nobody any more, whatever else is asked of it. */
const CLOSED: ReleaseState = 'closed';

/** @throws AppError `invalid` that names every annotation to mend: a fleet that is scaled by half of what was meant is worse than one that stays. */
export function settingsOf(annotations: Readonly<Record<string, string>>): ScalingSettings {
  const parsed = Annotations.safeParse(annotations);
  const faults = parsed.error?.issues.map(({ path, message }) => `${String(path[0])}: ${message}`) ?? [];
  const { buffer, min, max, scaleDownSeconds } = DEFAULT_SETTINGS;
  const given: Readonly<Record<string, number | undefined>> = parsed.data ?? {};
  const settings = {
    buffer: given[`${PREFIX}buffer`] ?? buffer,
    min: given[`${PREFIX}min`] ?? min,
    max: given[`${PREFIX}max`] ?? max,
    scaleDownSeconds: given[`${PREFIX}scale-down-seconds`] ?? scaleDownSeconds,
  };
  if (settings.min > settings.max) faults.push(`${PREFIX}min: is more than ${PREFIX}max (${settings.max})`);
  if (faults.length > 0) throw new AppError('invalid', 'annotations_invalid', `mend the fleet's annotations: ${faults.join('; ')}`);
  return annotations[RELEASE_STATE] === CLOSED ? { ...settings, buffer: 0, min: 0, max: 0 } : settings;
}

/** The shapes that several services speak of. */
import { z } from 'zod';

/** Chosen by a client; safe in a path and as a Kubernetes annotation. */
export const ClientId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, 'letters, digits and . _ : - only, beginning with a letter or digit');

export const PlayerId = ClientId.meta({ id: 'PlayerId', description: "A player's id, as accounts gives it" });
export type PlayerId = z.infer<typeof PlayerId>;

export const WorldId = ClientId.meta({ id: 'WorldId', description: 'A persistent world' });
export type WorldId = z.infer<typeof WorldId>;

/** A Kubernetes object name (RFC 1123 label), as fleets, regions and clusters have. */
export const KubeName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'lower case letters, digits and - only');

/** A build of the game; also a Kubernetes label value. */
export const Build = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, 'a Kubernetes label value');

/** Round-trip time to each region, in milliseconds. */
export const Latencies = z
  .record(KubeName, z.number().min(0).max(10_000))
  .refine((byRegion) => Object.keys(byRegion).length <= 50, 'at most 50 regions')
  .meta({ id: 'Latencies', description: 'Region → round-trip time in milliseconds' });
export type Latencies = z.infer<typeof Latencies>;

/** An instant, ISO 8601 in UTC. */
export const Instant = z.iso.datetime();

/** Seconds to hold the answer, from a query string. */
export const Wait = z.coerce.number().min(0).max(30).default(0).describe('Seconds to hold the answer for a change, 0–30');

/** The unique id that the allocator mints for each allocation; it fits a Kubernetes label. */
export const Uid = z.string().regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits');

/** The trace that a request began or continued (W3C trace context). */
export const TraceId = z.string().regex(/^[0-9a-f]{32}$/, '32 hexadecimal digits');

export const Attempt = z.coerce.number().int().min(1).max(99);

/** Where players send their packets. */
export const Address = z.object({ host: z.string(), port: z.int().min(1).max(65_535) }).meta({ id: 'Address' });
export type Address = z.infer<typeof Address>;

/** Keys as a JSON Web Key Set (RFC 7517). */
export const JsonWebKeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }).meta({ id: 'JsonWebKeySet' });

/** One or several of these values in one query parameter, with commas between. */
export function several<V extends string>(values: readonly V[]) {
  return z
    .string()
    .max(500)
    .transform((text, context): V[] => {
      const asked = text.split(',');
      const found = values.filter((value) => asked.includes(value));
      if (found.length !== asked.length)
        context.addIssue({ code: 'custom', message: `name each once, with commas between: ${values.join(', ')}` });
      return found;
    });
}

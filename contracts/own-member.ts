/**
 * A member of an object that is looked up by a name from outside. What every object inherits is nobody's member: a player, a region or a
 * mode may be called `constructor`.
 */
export function ownMember<V>(of: Readonly<Record<string, V>> | null | undefined, name: string): V | undefined {
  return of !== null && of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;
}

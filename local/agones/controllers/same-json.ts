/** Whether two values are the same as JSON, whatever the order of their fields; a field that is undefined is not there. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = present(one);
  const right = new Map(present(other));
  return left.length === right.size && left.every(([name, value]) => right.has(name) && sameJson(value, right.get(name)));
}

const present = (value: object): [string, unknown][] => Object.entries(value).filter(([, field]) => field !== undefined);

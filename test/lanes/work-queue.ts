/**
 * In which order test files run, and in which lane. A room's suites share what they have started (a control plane, a database), so a lane
 * stays in its room while there is work; then it opens the largest room that nobody has begun, and at last it helps where most is left.
 * In a room the longest file comes first, so that no long one is alone at the end.
 */
export interface WorkQueue {
  /** @returns the next file of the lane; undefined when all are taken. */
  next(lane: number): string | undefined;
}

/** @param seconds how long a file is expected to run; only what is longer than what matters. */
export function workQueue(files: readonly string[], seconds: (file: string) => number): WorkQueue {
  const rooms = new Map<string, string[]>();
  for (const file of files.toSorted((a, b) => seconds(b) - seconds(a) || (a < b ? -1 : 1))) {
    const room = roomOf(file);
    rooms.set(room, [...(rooms.get(room) ?? []), file]);
  }
  const begun = new Set<string>();
  const roomOfLane = new Map<number, string>();
  const left = (room: string): number => (rooms.get(room) ?? []).reduce((sum, file) => sum + seconds(file), 0);
  const largest = (among: readonly string[]): string | undefined => among.toSorted((a, b) => left(b) - left(a))[0];

  return {
    next(lane) {
      const open = [...rooms.keys()].filter((room) => (rooms.get(room) ?? []).length > 0);
      const current = roomOfLane.get(lane);
      const room =
        current !== undefined && open.includes(current) ? current : (largest(open.filter((one) => !begun.has(one))) ?? largest(open));
      if (room === undefined) return undefined;
      begun.add(room);
      roomOfLane.set(lane, room);
      return rooms.get(room)?.shift();
    },
  };
}

/** `test/ROOM/…`; a file that lies in no room is one of its own. */
function roomOf(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}

/** How far a reader of the stream is: the version of each subject that it has taken. Pure. */

/** Empty where the reader knows nothing of a subject. */
export interface Position {
  readonly session: string;
  readonly notices: string;
  readonly acks: string;
}

/** None of the versions has this character. */
const BETWEEN = '.';
const WRITTEN = /^([\w-]*)\.([\w-]*)\.([\w-]*)$/;

export function writePosition({ session, notices, acks }: Position): string {
  return [session, notices, acks].join(BETWEEN);
}

/** What is no position, or one of another build, is one of before everything: all is told then. */
export function readPosition(text: string | null): Position {
  const [, session = '', notices = '', acks = ''] = WRITTEN.exec(text ?? '') ?? [];
  return { session, notices, acks };
}

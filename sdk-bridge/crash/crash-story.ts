/** What is told of a death: from what was found, in words and in bounds. Pure. */
import { CRASH_LINE_LENGTH, CRASH_LINES, type Crash } from '../../contracts/crash.ts';
import { redactText } from '../../runtime/redact.ts';

export interface Evidence {
  /** As a shell has it: 128 and the signal's number where a signal ended it. */
  readonly exitCode: number | undefined;
  readonly logTail: string;
  readonly dump: Crash['dump'];
}

/** @param signals name → number, as the system has them. */
export function crashOf({ exitCode, logTail, dump }: Evidence, signals: Readonly<Record<string, number>>): Crash {
  const signal = Object.entries(signals).find(([, number]) => exitCode === 128 + number)?.[0];
  return {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    lastLines: logTail
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .slice(-CRASH_LINES)
      // Whole, before it is cut: half a ticket does not look like one.
      .map((line) => redactText(line).slice(0, CRASH_LINE_LENGTH)),
    ...(dump === undefined ? {} : { dump }),
  };
}

/** Why the session is over, in one line. */
export function tellCrash({ exitCode, signal, dump }: Crash): string {
  const how = signal === undefined ? (exitCode === undefined ? 'is gone' : `exited with code ${exitCode}`) : `was ended by ${signal}`;
  return `the process of the game server ${how}${dump === undefined ? '' : `; it left the dump ${dump.name}`}`;
}

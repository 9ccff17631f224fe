/** One question to a person at a terminal. */
import { createInterface } from 'node:readline/promises';

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** It is a terminal, which gives each key. */
  readonly terminal: boolean;
}

/**
 * @param interrupted is aborted by a Ctrl-C, which a terminal that is asked at gives as a key and not as a signal.
 * @returns the answer; nothing where the terminal is closed (Ctrl-D). @throws what the signal says.
 */
export async function askAtTerminal(question: string, at: Terminal, interrupted: AbortController): Promise<string> {
  const reader = createInterface(at);
  reader.once('SIGINT', () => interrupted.abort(new Error('interrupted: nothing was changed')));
  const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    return await Promise.race([reader.question(question, { signal: interrupted.signal }), closed]);
  } catch (cause) {
    interrupted.signal.throwIfAborted();
    throw cause;
  } finally {
    reader.close();
    at.output.write('\n');
  }
}

/**
 * The program behind `lifeverse.invalid/sleep`: lives until SIGTERM, and can be told to misbehave.
 *
 *   --exit-after=MS --exit-code=N   ends by itself
 *   --serve-port=N                  answers HTTP 200, or 500 once the file `--fail-file` exists
 *   --ignore-term                   has to be killed
 *   --write=FILE                    writes its environment and its start there as a JSON line
 */
import { appendFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    'exit-after': { type: 'string' },
    'exit-code': { type: 'string', default: '0' },
    'serve-port': { type: 'string' },
    'fail-file': { type: 'string' },
    'ignore-term': { type: 'boolean', default: false },
    write: { type: 'string' },
  },
  strict: false,
});

const note = (event: string): void => {
  if (typeof values.write === 'string') {
    appendFileSync(values.write, `${JSON.stringify({ event, pid: process.pid, name: process.env['NAME'], env: process.env })}\n`);
  }
};

// Before it says that it has started: whoever reads that may end it at once.
process.on('SIGTERM', () => {
  note('term');
  if (values['ignore-term'] !== true) process.exit(0);
});
note('start');
if (values['exit-after'] !== undefined) setTimeout(() => process.exit(Number(values['exit-code'])), Number(values['exit-after']));
if (values['serve-port'] !== undefined) {
  const failFile = values['fail-file'];
  createServer((_request, response) => {
    response.statusCode = typeof failFile === 'string' && existsSync(failFile) ? 500 : 200;
    response.end();
  }).listen(Number(values['serve-port']), '127.0.0.1');
}
// Keeps the process alive; nothing to do.
setInterval(() => undefined, 60_000);

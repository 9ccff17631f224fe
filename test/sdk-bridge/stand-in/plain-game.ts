/**
 * A game server that does what it is told: it speaks to its bridge by itself, over its own connections, says that it is alive, and listens
 * for session and notices as Unreal's plugin does. It is killed as a process.
 *
 *     test ── POST / {method, path, body} ──▶ this ──▶ the bridge
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const origin = process.argv[2] ?? '';
const surface = `${origin}/lifeverse/v1`;

async function ask(method: string, path: string, body?: string): Promise<{ status: number; headers: object; body: string }> {
  const sent = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } };
  const answer = await fetch(origin + path, { method, ...sent });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
}

/** Held calls and frames, for as long as it lives. */
function live(): void {
  setInterval(() => {
    const body = JSON.stringify({ frames: 30, longestMs: 40 });
    fetch(`${surface}/frame`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }).catch(() => {});
  }, 500);
  for (const held of ['session?wait=20', 'notices?wait=20']) {
    const again = (): void =>
      void fetch(`${surface}/${held}`)
        .then(
          (answer) => answer.text(),
          () => {},
        )
        .then(() => setTimeout(again, 100));
    again();
  }
}

const server = createServer((request, response) => {
  void text(request)
    .then((asked) => JSON.parse(asked) as { method: string; path: string; body?: string })
    .then(({ method, path, body }) => {
      if (path.endsWith('/hello')) live();
      return ask(method, path, body);
    })
    .then(
      (answer) => response.end(JSON.stringify(answer)),
      () => response.writeHead(502).end(),
    );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${process.pid} ${(server.address() as AddressInfo).port}\n`));

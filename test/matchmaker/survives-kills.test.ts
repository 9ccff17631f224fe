import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { matchmakerApi } from '../../contracts/matchmaker.ts';
import { testStack } from '../../local/testing.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { startServiceProcess } from '../services/service-process.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { ticketOf, until } from './matchmaker-under-test.ts';
import { scriptedAllocator } from './scripted-allocator.ts';

const TICKETS = 60;
const KILLS = 3;

describe('the matchmaker, killed with kill -9 while it matches', function () {
  this.timeout(600_000);

  it('places every player, in one allocation each', async () => {
    const database = await freshDatabase();
    const allocator = await scriptedAllocator();
    const issuer = await createTokenIssuer('https://issuer.test', ['backend']);
    const folder = await mkdtemp(path.join((await testStack()).folder, 'matchmaker-'));
    const tokenFile = path.join(folder, 'token');
    await writeFile(tokenFile, allocator.token);
    let matchmaker = await startServiceProcess({
      api: matchmakerApi,
      trusted: [issuer.trusted],
      env: {
        MONGO_URL: database.url,
        MONGO_DATABASE: database.name,
        ALLOCATOR_URL: allocator.url,
        SERVICE_TOKEN_FILE: tokenFile,
        MATCH_MODES: JSON.stringify({ duel: { fleet: 'arena', map: 'Arena', players: 2 } }),
      },
    });
    const token = await issuer.sign('backend', ['backend']);
    const queue = async (player: string) => {
      for (;;) {
        try {
          return await matchmaker.client(token).createTicket({ body: ticketOf(player) }, { timeoutMs: 12_000 });
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const players = Array.from({ length: TICKETS }, (_, n) => `k${n}`);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const some = players.slice((TICKETS / KILLS) * kill, (TICKETS / KILLS) * (kill + 1));
      const before = allocator.script.requests;
      await Promise.all(some.map(queue));
      await until('matches are being asked for', () => allocator.script.requests > before);
      matchmaker = await matchmaker.killAndRestart();
    }
    for (const player of players) {
      const ticket = await until(`${player} is placed`, async () => {
        const { body } = await matchmaker.client(token).getTicket({ params: { id: `t-${player}` }, query: { wait: 5 } });
        return body.state === 'placed' ? body : undefined;
      });
      const having = [...allocator.allocations.values()].filter((one) => one.request.players.some(({ id }) => id === player));
      assert.deepEqual(
        having.map((one) => one.request.id),
        [ticket.matchId],
      );
    }
    await matchmaker.stop();
    await allocator.close();
    await database.close();
  });
});

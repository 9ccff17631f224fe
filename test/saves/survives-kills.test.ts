import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { savesApi } from '../../contracts/saves.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { startServiceProcess } from '../services/service-process.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { entriesFrom, newHolder, restoreAll } from './saves-under-test.ts';

const KILLS = 6;

describe('saves, killed with kill -9 while it appends', function () {
  this.timeout(600_000);

  it('restores everything that it acknowledged, each number once', async () => {
    const database = await freshDatabase();
    const issuer = await createTokenIssuer('https://issuer.test', ['operator']);
    const env = { MONGO_URL: database.url, MONGO_DATABASE: database.name };
    let saves = await startServiceProcess({ api: savesApi, trusted: [issuer.trusted], env });
    const token = await issuer.sign('olga', ['operator']);
    const params = { kind: 'worlds' as const, id: 'killed' };
    const { epoch } = (await saves.client(token).takeLease({ params, body: { holder: newHolder() } })).body;

    let acknowledged = 0;
    let sent = 0;
    let stop = false;
    // As the bridge does: the same entries again until they are acknowledged.
    const writing = (async () => {
      while (!stop) {
        const entries = entriesFrom(acknowledged + 1, 40, { filling: 'x'.repeat(200) });
        sent = acknowledged + 40;
        try {
          acknowledged = (await saves.client(token).appendEntries({ params, body: { epoch, entries } }, { timeoutMs: 15_000 })).body
            .durableSeq;
        } catch (error) {
          if (!(error instanceof AppError && error.retryable)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    })();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = acknowledged;
      while (acknowledged < before + 200) await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 5))]);
      saves = await saves.killAndRestart();
    }
    stop = true;
    await writing;

    const { entries, durableSeq } = await restoreAll(saves.client(token), 'worlds', 'killed');
    assert.ok(durableSeq >= acknowledged && durableSeq <= sent, `${acknowledged} ≤ ${durableSeq} ≤ ${sent}`);
    assert.deepEqual(entries, entriesFrom(1, durableSeq, { filling: 'x'.repeat(200) }));
    await saves.stop();
    await database.close();
  });
});

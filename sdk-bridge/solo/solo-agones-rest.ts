/**
 * The REST port of an invented Agones sidecar: what the bridge passes on to it. The game server that it tells of has no counters, lists or
 * tracked players; their paths are nobody's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { status as Code } from '@grpc/grpc-js';
import { listenHttp, type Listener } from '../../runtime/https-server.ts';
import { parseGameServer } from '../agones/game-server.ts';
import { BodyFault, messageOf, textIn } from '../surface/rest-body.ts';
import { restGameServer } from '../surface/rest-game-server.ts';
import { bodyOf } from '../surface/rest-surface.ts';
import type { SoloAgones } from './solo-agones.ts';

const METADATA = { 'PUT /metadata/label': 'labels', 'PUT /metadata/annotation': 'annotations' } as const;

export function listenSoloRest(agones: Pick<SoloAgones, 'isHere' | 'gameServer' | 'write'>): Promise<Listener> {
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: string }> => {
    const asked = `${request.method ?? 'GET'} ${request.url ?? '/'}`;
    if (asked === 'GET /gameserver') return { status: 200, body: restGameServer(parseGameServer(agones.gameServer())) };
    const kind = Object.entries(METADATA).find(([path]) => path === asked)?.[1];
    if (kind === undefined) return fault(404, Code.NOT_FOUND, 'Not Found');
    try {
      const values = messageOf({ key: 'string', value: 'string' }, (await bodyOf(request)).toString('utf8'));
      await agones.write({ [kind]: { [`agones.dev/sdk-${textIn(values, 'key')}`]: textIn(values, 'value') } });
      return { status: 200, body: '{}' };
    } catch (cause) {
      if (cause instanceof BodyFault) return fault(400, Code.INVALID_ARGUMENT, cause.message);
      throw cause;
    }
  };
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    // As when nothing listens.
    if (!agones.isHere()) return void request.socket.destroy();
    answer(request).then(
      ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      () => response.destroy(),
    );
  };
  return listenHttp(serve, '127.0.0.1', 0);
}

function fault(status: number, code: number, message: string) {
  return { status, body: JSON.stringify({ code, message, details: [] }) };
}

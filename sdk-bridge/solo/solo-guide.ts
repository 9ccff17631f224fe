/** What a solo bridge says when it is up: where it is, what to set, how to script it. Pure. */
import type { SoloAllocation } from '../../contracts/bridge-solo.ts';

export function soloGuide(
  { http: port, grpc }: { http: number; grpc: number },
  folder: string,
  session: SoloAllocation | undefined,
): string {
  const url = `http://127.0.0.1:${port}/lifeverse/v1/solo`;
  const curl = (path: string, body: unknown) =>
    `  curl -sS -X POST ${url}/${path} -H "content-type: application/json" -d "${JSON.stringify(body).replaceAll('"', String.raw`\"`)}"`;
  return `
LifeVerse bridge, solo: no cluster, no backend.

  listens on   http://127.0.0.1:${port} and http://[::1]:${port}   (Agones REST and WebSocket, and /lifeverse/v1)
               127.0.0.1:${grpc} (Agones gRPC)
  keeps        ${folder}
  session      ${session === undefined ? 'none until you allocate one' : `allocated whenever a game server is Ready: map ${session.session.map}`}

In the editor: the LifeVerse and the Agones plugin look for the bridge on 127.0.0.1:9358 by themselves${port === 9_358 ? '.' : `; set HttpPort=${port} for both.`}
Press Play as a dedicated server; each press is one session.

  curl -sS ${url}
${curl('allocate', { session: { map: 'Arena' }, players: [{ id: 'ann' }] })}
${curl('tickets', { playerId: 'bob' })}
${curl('kick', { playerId: 'bob' })}
${curl('agones', { do: 'restart' })}
${curl('backend', { saves: 'away' })}
${curl('world-lost', {})}
${curl('end', { state: 'Shutdown' })}
${curl('reset', {})}

Everything that can be scripted: docs/bridge/solo.md. Ctrl-C ends it; started anew it goes on where it was.
`;
}

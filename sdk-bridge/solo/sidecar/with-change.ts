import type { SidecarChange, SidecarGameServer } from './sidecar-game-server.ts';

/** The game server as it is once the change is written (pure). */
export function withChange<Kept extends SidecarGameServer>(gameServer: Kept, { labels, annotations, status }: SidecarChange): Kept {
  const { metadata } = gameServer;
  return {
    ...gameServer,
    metadata: {
      ...metadata,
      ...(labels === undefined ? {} : { labels: { ...metadata.labels, ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...metadata.annotations, ...annotations } }),
    },
    ...(status === undefined ? {} : { status: { ...(gameServer.status ?? { state: 'Creating' }), ...status } }),
  };
}

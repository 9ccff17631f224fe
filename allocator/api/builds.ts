/** Builds of the game, and whether they are open. */
import type { buildEndpoints } from '../../contracts/allocator-api/builds.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { OpenBuilds } from '../builds/open-builds.ts';

const MOST_LISTED = 500;
const MOST_IN_DOUBT = 100;

export function buildHandlers({ builds: open }: { readonly builds: Pick<OpenBuilds, 'list'> }): Handlers<typeof buildEndpoints> {
  return {
    listBuilds: async ({ query }) => {
      const { inDoubt, ...listed } = await open.list(query, MOST_LISTED);
      return { status: 200, body: { ...listed, inDoubt: inDoubt.slice(0, MOST_IN_DOUBT) } };
    },
  };
}

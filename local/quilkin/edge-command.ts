/** How Quilkin is started in the cluster, for whoever starts it elsewhere: the manifest's own arguments, with other ports. */
import { z } from 'zod';
import type { Manifest } from '../kustomize/render-folder.ts';

const Container = z.object({
  name: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
});
const Deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({ template: z.object({ spec: z.object({ initContainers: z.array(Container), containers: z.array(Container) }) }) }),
});

export type EdgeRole = 'agent' | 'proxy';

export interface EdgeCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * @param instead flag → value in place of the manifest's
 * @throws when the manifest has no such container or flag: then it runs something else in the cluster.
 */
export function edgeCommand(manifests: readonly Manifest[], role: EdgeRole, instead: Readonly<Record<string, string>>): EdgeCommand {
  const { initContainers, containers } = Deployment.parse(manifests.find(({ kind }) => kind === 'Deployment')).spec.template.spec;
  const container = [...initContainers, ...containers].find(({ name }) => name === role);
  if (container === undefined) throw new Error(`no container of the proxies is called ${role}`);
  const unknown = Object.keys(instead).filter((flag) => !container.args.some((arg) => arg.startsWith(`${flag}=`)));
  if (unknown.length > 0) throw new Error(`the ${role} of the proxies is not given ${unknown.join(', ')}`);
  return {
    args: container.args.map((arg) => {
      const [flag = ''] = arg.split('=', 1);
      return instead[flag] === undefined ? arg : `${flag}=${instead[flag]}`;
    }),
    env: Object.fromEntries(container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
  };
}

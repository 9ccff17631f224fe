/** The pods that Deployments and Fleets are templates of: for those who judge pods and do not know Agones' Fleet. */
import { z } from 'zod';
import type { Manifest } from '../../local/kustomize/render-folder.ts';

const Metadata = z.looseObject({
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const Container = z.looseObject({ name: z.string(), ports: z.array(z.looseObject({})).default([]) });
const PodTemplate = z.object({ metadata: Metadata.optional(), spec: z.looseObject({ containers: z.array(Container) }) });
const Deployment = z.looseObject({ metadata: Metadata, spec: z.looseObject({ template: PodTemplate }) });
const Fleet = z.looseObject({
  metadata: Metadata,
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        container: z.string(),
        ports: z.array(z.looseObject({ containerPort: z.number(), protocol: z.string() })),
        template: PodTemplate,
      }),
    }),
  }),
});

/** Agones gives it to a pod that names none. */
const AGONES_ACCOUNT = 'agones-sdk';
/** Any that Agones might take. */
const HOST_PORT = 7_000;

/** @param withHostPorts as Agones makes a game server's pod */
export function podsOf(manifests: readonly Manifest[], withHostPorts: boolean): Manifest[] {
  return manifests.flatMap((manifest): Manifest[] => {
    const { namespace, name } = manifest.metadata;
    const pod = ({ metadata, spec }: z.infer<typeof PodTemplate>, containers = spec.containers): Manifest => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: `${name}-pod`, ...(namespace === undefined ? {} : { namespace }) },
      spec: { ...spec, containers },
    });
    if (manifest.kind === 'Deployment') return [pod(Deployment.parse(manifest).spec.template)];
    if (manifest.kind !== 'Fleet') return [];
    const { container, ports, template } = Fleet.parse(manifest).spec.template.spec;
    const opened = ports.map(({ containerPort, protocol }) => ({ containerPort, protocol, hostPort: HOST_PORT }));
    return [
      pod(
        { ...template, spec: { ...template.spec, serviceAccountName: AGONES_ACCOUNT } },
        template.spec.containers.map((one) =>
          withHostPorts && one.name === container ? { ...one, ports: [...one.ports, ...opened] } : one,
        ),
      ),
    ];
  });
}

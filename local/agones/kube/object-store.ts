/** Typed reads and writes of Kubernetes objects, one call each. */
import { collectionPath, objectPath, type Resource } from '../resources/resource.ts';
import type { KubeObject } from '../resources/object-meta.ts';
import { isNotFound, type KubeClient } from './kube-client.ts';

export interface DeleteOptions {
  /** Delete only this very object, not one that took its name since. */
  readonly uid?: string;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export class ObjectStore {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async get<Kind extends KubeObject>(
    kind: Resource<Kind>,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Kind | undefined> {
    try {
      return kind.parse(await this.#client.send({ method: 'GET', path: objectPath(kind, namespace, name), signal }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async create<Kind extends KubeObject>(kind: Resource<Kind>, namespace: string, object: unknown, signal: AbortSignal): Promise<Kind> {
    const path = collectionPath(kind, namespace);
    return kind.parse(await this.#client.send({ method: 'POST', path, body: object, signal }));
  }

  /** Writes the whole object; refused with a conflict when somebody wrote since it was read. */
  async replace<Kind extends KubeObject>(kind: Resource<Kind>, object: Kind, signal: AbortSignal): Promise<Kind> {
    const path = objectPath(kind, object.metadata.namespace, object.metadata.name);
    return kind.parse(await this.#client.send({ method: 'PUT', path, body: object, signal }));
  }

  async replaceStatus<Kind extends KubeObject>(kind: Resource<Kind>, object: Kind, signal: AbortSignal): Promise<Kind> {
    const path = `${objectPath(kind, object.metadata.namespace, object.metadata.name)}/status`;
    return kind.parse(await this.#client.send({ method: 'PUT', path, body: object, signal }));
  }

  /** Deletes an object; one that is gone already is fine. */
  async delete<Kind extends KubeObject>(
    kind: Resource<Kind>,
    object: KubeObject,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const path = objectPath(kind, object.metadata.namespace, object.metadata.name);
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
      ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
    };
    try {
      await this.#client.send({ method: 'DELETE', path, body, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

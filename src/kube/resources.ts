import type { Access } from './errors.ts';

/** The resources we touch, with their API group and version. */
export const RESOURCES = {
  pods: { group: '', version: 'v1', namespaced: true },
  services: { group: '', version: 'v1', namespaced: true },
  events: { group: '', version: 'v1', namespaced: true },
  nodes: { group: '', version: 'v1', namespaced: false },
  namespaces: { group: '', version: 'v1', namespaced: false },
  endpointslices: { group: 'discovery.k8s.io', version: 'v1', namespaced: true },
  jobs: { group: 'batch', version: 'v1', namespaced: true },
  selfsubjectaccessreviews: { group: 'authorization.k8s.io', version: 'v1', namespaced: false },
} as const;
export type Resource = keyof typeof RESOURCES;

/** Where an object or a collection is. `namespace` empty or absent: all namespaces, or none. */
export interface ResourcePath {
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export function apiPath(path: ResourcePath): string {
  const { group, version } = RESOURCES[path.resource];
  const segments = group === '' ? ['api', version] : ['apis', group, version];
  if (path.namespace) segments.push('namespaces', path.namespace);
  segments.push(path.resource);
  if (path.name) segments.push(path.name);
  if (path.subresource) segments.push(path.subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

export function accessTo(verb: string, path: ResourcePath): Access {
  return {
    verb,
    resource: path.subresource ? `${path.resource}/${path.subresource}` : path.resource,
    group: RESOURCES[path.resource].group,
    namespace: path.namespace ?? '',
  };
}

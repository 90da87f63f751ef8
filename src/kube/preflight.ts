import type { ApiClient } from './client.ts';
import { KubeError, type Access } from './errors.ts';

/** One permission, and what it is needed for. */
export interface PermissionCheck {
  readonly access: Access;
  readonly allowed: boolean;
  /** What the authorizer said, empty when it said nothing. */
  readonly reason: string;
  /** What will not work without it. */
  readonly effect: string;
  /** Without it no session can start. */
  readonly required: boolean;
}

interface Need {
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly clusterWide?: boolean;
  readonly effect: string;
  readonly required?: boolean;
}

/**
 * WebSocket upgrades ask for `get` before Kubernetes 1.35 and for `create` from then on, so one of the two may be
 * missing without harm: both are shown, neither is required.
 */
const NEEDS: readonly Need[] = [
  {
    verbs: ['list', 'watch'],
    resource: 'pods',
    clusterWide: true,
    effect: 'no pod has a name',
    required: true,
  },
  { verbs: ['list', 'watch'], resource: 'services', clusterWide: true, effect: 'no Service has a name' },
  {
    verbs: ['list', 'watch'],
    group: 'discovery.k8s.io',
    resource: 'endpointslices',
    clusterWide: true,
    effect: 'backends are not matched to Services',
  },
  { verbs: ['list', 'watch'], resource: 'nodes', clusterWide: true, effect: 'no node has a name' },
  {
    verbs: ['create', 'delete'],
    group: 'batch',
    resource: 'jobs',
    effect: 'no agent can be started or removed',
    required: true,
  },
  { verbs: ['create', 'delete'], resource: 'pods', effect: 'refusals show late and removal takes longer' },
  { verbs: ['get', 'create'], resource: 'pods', subresource: 'exec', effect: 'the agent cannot be copied' },
  {
    verbs: ['get', 'create'],
    resource: 'pods',
    subresource: 'portforward',
    effect: 'the agent cannot be reached',
  },
  { verbs: ['get'], resource: 'pods', subresource: 'log', effect: 'what a failed agent said stays unknown' },
];

interface AccessReview {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string };
}

/** Asks the API server for every permission that a session in `namespace` uses. @throws KubeError */
export async function checkPermissions(
  client: ApiClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly PermissionCheck[]> {
  const questions = NEEDS.flatMap((need) => need.verbs.map((verb) => ({ need, verb })));
  return Promise.all(
    questions.map(async ({ need, verb }) => {
      const scope = need.clusterWide === true ? '' : namespace;
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {
          resourceAttributes: {
            verb,
            group: need.group ?? '',
            resource: need.resource,
            subresource: need.subresource ?? '',
            namespace: scope,
          },
        },
      };
      const path = { resource: 'selfsubjectaccessreviews' } as const;
      const { status } = await client.create<AccessReview>(path, body, { signal });
      const resource =
        need.subresource === undefined ? need.resource : `${need.resource}/${need.subresource}`;
      return {
        access: { verb, resource, group: need.group ?? '', namespace: scope },
        allowed: status?.allowed === true,
        reason: status?.reason ?? '',
        effect: need.effect,
        required: need.required === true,
      };
    }),
  );
}

/** The error that names every missing permission without which no session can start; null when none is missing. */
export function missingPermissions(
  checks: readonly PermissionCheck[],
  client: { readonly where: string },
): KubeError | null {
  const parts: { readonly may: string; readonly ask: string; readonly effect: string }[] = [];
  const resources = new Map<string, PermissionCheck[]>();
  for (const check of checks) {
    const key = `${check.access.resource} ${check.access.group}`;
    resources.set(key, [...(resources.get(key) ?? []), check]);
  }
  for (const of of resources.values()) {
    const missing = of.filter((check) => !check.allowed);
    const [first] = missing;
    if (first === undefined) continue;
    // A WebSocket upgrade works with either verb, depending on the API server's version.
    const either = UPGRADES.has(first.access.resource);
    const needed = either ? missing.length === of.length : missing.some((check) => check.required);
    if (!needed) continue;
    const verbs = missing.map((check) => check.access.verb);
    const { resource, group } = first.access;
    const name = group === '' ? resource : `${resource}.${group}`;
    parts.push({
      may: `${verbs.join(either ? ' or ' : ' and ')} ${name}`,
      ask: `${verbs.map((verb) => `"${verb}"`).join(either ? ' or ' : ' and ')} on "${name}"`,
      effect: first.effect,
    });
  }
  if (parts.length === 0) return null;
  const [scope = ''] = checks.map((check) => check.access.namespace).filter((namespace) => namespace !== '');
  return new KubeError({
    kind: 'forbidden',
    what: `This user may not ${parts.map(({ may }) => may).join(', nor ')} in the namespace ${scope}`,
    where: client.where,
    why: parts.map(({ effect }) => effect).join(', '),
    next: `Ask for a role with ${parts.map(({ ask }) => ask).join(', ')}.`,
  });
}

const UPGRADES = new Set(['pods/exec', 'pods/portforward']);

import { KubeError, accessText, type Access, type Problem } from './errors.ts';

/** A Kubernetes Status object, as far as errors need it. */
export interface Status {
  readonly kind?: string | undefined;
  readonly status?: string | undefined;
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly details?:
    | {
        readonly retryAfterSeconds?: number | undefined;
        readonly causes?:
          | readonly { readonly reason?: string | undefined; readonly message?: string | undefined }[]
          | undefined;
      }
    | undefined;
}

/** Reads a response body; a body that is no Status (a proxy's page) becomes one with its first line as message. */
export function parseStatus(body: string, code: number): Status {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status') {
      return { code, ...(value as Status) };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const text = body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  return { kind: 'Status', code, message: text === '' ? `HTTP status ${code}` : text };
}

const FORBIDDEN =
  /User "(.*?)" cannot (\S+) resource "(.*?)" in API group "(.*?)"(?: in the namespace "(.*?)")?/;

/** Verb, resource and namespace of a message of the API server's authorizer, with the user it knew. */
export function parseForbidden(message: string): (Access & { user: string }) | null {
  const match = FORBIDDEN.exec(message);
  if (match === null) return null;
  const [, user = '', verb = '', resource = '', group = '', namespace = ''] = match;
  return { user, verb, resource, group, namespace };
}

/** Policy and violations of a Pod Security refusal. */
export function parsePodSecurity(message: string): { policy: string; violations: string } | null {
  const match = /violates? PodSecurity "([^"]+)":\s*(.*)$/s.exec(message);
  if (match === null) return null;
  return { policy: (match[1] ?? '').replace(/:latest$/, ''), violations: match[2] ?? '' };
}

/** The error of a request that the server answered with a failure. */
export function statusError(status: Status, where: string, access: Access): KubeError {
  return new KubeError(statusProblem(status, where, access), { cause: status });
}

function statusProblem(status: Status, where: string, access: Access): Problem {
  const message = status.message ?? '';
  const code = status.code ?? 0;
  if (code === 401) {
    return {
      kind: 'unauthenticated',
      what: 'The API server does not accept the credentials',
      where,
      why: message === '' || message === 'Unauthorized' ? 'they are expired or wrong' : message,
      next: 'Log in again or renew the credentials of this context, then retry.',
    };
  }
  if (code === 403) return forbiddenProblem(message, where, access);
  if (code === 404) return missingProblem(message, where, access);
  if (code === 409) {
    const next = 'Retry; the other change is over by then.';
    return { kind: 'conflict', what: 'Another change was in the way', where, why: message, next };
  }
  if (code === 400 || code === 422) {
    const next = 'Correct the setting that the message names.';
    return { kind: 'invalid', what: 'The API server refuses the request', where, why: message, next };
  }
  if (code === 408 || code === 504) {
    const next = 'Retry, or raise vethscope.requestTimeoutSeconds.';
    return { kind: 'timeout', what: 'The API server took too long', where, why: message, next };
  }
  return {
    kind: 'server',
    what: `The API server failed with HTTP status ${code}`,
    where,
    why: message,
    next: 'Retry; if it stays so, look at the health of the API server.',
  };
}

function missingProblem(message: string, where: string, access: Access): Problem {
  const [, plural = access.resource, name = ''] = /^(\S+) "(.*?)" not found/.exec(message) ?? [];
  // The API names resources in the plural, with their group.
  const singular = plural.replace(/\..*$/, '').replace(/s$/, '');
  const what = name === '' ? `The API server does not know ${plural}` : `There is no ${singular} "${name}"`;
  const next =
    singular === 'namespace'
      ? 'Create it, or set vethscope.agent.namespace to one that exists.'
      : 'Refresh, and choose one that exists.';
  return { kind: 'not-found', what, where, why: message, next };
}

function forbiddenProblem(message: string, where: string, access: Access): Problem {
  const podSecurity = parsePodSecurity(message);
  if (podSecurity !== null) {
    return {
      kind: 'pod-security',
      what: `The namespace ${access.namespace} enforces Pod Security "${podSecurity.policy}", which the agent violates`,
      where,
      why: podSecurity.violations,
      next:
        'Set vethscope.agent.namespace to a namespace that allows privileged pods, ' +
        'or label one with pod-security.kubernetes.io/enforce=privileged.',
    };
  }
  if (message.includes('exceeded quota')) {
    const next = 'Raise the quota, or set vethscope.agent.namespace to another namespace.';
    const what = `The quota of the namespace ${access.namespace} is used up`;
    return { kind: 'quota', what, where, why: message, next };
  }
  const denied = parseForbidden(message);
  const who = denied === null ? 'This user' : `User "${denied.user}"`;
  return {
    kind: 'forbidden',
    what: `${who} may not ${accessText(denied ?? access)}`,
    where,
    why: denied === null ? message : 'no RBAC role allows it',
    next: `Ask for a role with the verb "${(denied ?? access).verb}" on "${(denied ?? access).resource}".`,
  };
}

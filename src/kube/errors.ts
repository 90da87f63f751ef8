/** What goes wrong between here and a pod, in kinds that lead to different next steps. */
export const PROBLEM_KINDS = [
  'kubeconfig',
  'credential-plugin',
  'unreachable',
  'tls',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'pod-security',
  'quota',
  'invalid',
  'image',
  'unschedulable',
  'unsupported-node',
  'pod',
  'agent',
  'timeout',
  'cancelled',
  'server',
  'local',
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** An error as a person needs it: what failed, where, why, and one thing to do next. Each is one sentence or less. */
export interface Problem {
  readonly kind: ProblemKind;
  /** "The API server cannot be reached." */
  readonly what: string;
  /** For example "https://172.30.0.10:6443 (context prod)". */
  readonly where: string;
  /** The cause, in the other side's words where it gave any. */
  readonly why: string;
  /** "Check the VPN, then choose Refresh." */
  readonly next: string;
}

/** The only error that leaves src/kube and src/session. `message` is all of the problem on one line. */
export class KubeError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problemText(problem), options);
    this.name = 'KubeError';
    this.problem = problem;
  }
}

/** The problem on one line: what, where and why, then what to do. */
export function problemText(problem: Problem): string {
  const place = problem.where === '' ? '' : ` (${problem.where})`;
  const cause = problem.why === '' ? '' : `: ${problem.why.replace(/[.\s]+$/, '')}`;
  return `${problem.what.replace(/\.$/, '')}${place}${cause}. ${problem.next}`.trim();
}

/** What a request was for, so that its failure can name it. */
export interface Access {
  readonly verb: string;
  /** With subresource, for example pods/portforward. */
  readonly resource: string;
  readonly group: string;
  /** Empty at cluster scope. */
  readonly namespace: string;
}

/** "create pods/exec in the namespace shop". */
export function accessText(access: Access): string {
  const group = access.group === '' ? '' : `.${access.group}`;
  const scope = access.namespace === '' ? 'in the whole cluster' : `in the namespace ${access.namespace}`;
  return `${access.verb} ${access.resource}${group} ${scope}`;
}

/** The KubeError in `error`, or one of kind `kind` that says what was going on. */
export function asKubeError(error: unknown, context: Omit<Problem, 'why'>): KubeError {
  if (error instanceof KubeError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new KubeError({ ...context, why }, { cause: error });
}

export function isKubeError(error: unknown, ...kinds: readonly ProblemKind[]): error is KubeError {
  return error instanceof KubeError && (kinds.length === 0 || kinds.includes(error.problem.kind));
}

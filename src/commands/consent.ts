import { window } from 'vscode';
import type { Memento } from 'vscode';
import type { DeployPlan } from '../session/types.ts';

/** What was agreed to for one cluster. */
interface Consent {
  readonly privileges: DeployPlan['privileges'];
  readonly context: string;
  /** RFC 3339 */
  readonly given: string;
}

const KEY = 'vethscope.consent';
const DEPLOY = 'Deploy Agent';

/** Asks before the first agent is put into a cluster, remembers the answer by the cluster's identity. */
export class DeployConsent {
  readonly #memory: Memento;

  constructor(memory: Memento) {
    this.#memory = memory;
  }

  /** True when the user agrees, or agreed before to at least these privileges. */
  async confirm(plan: DeployPlan): Promise<boolean> {
    const identity = plan.clusterUid || plan.server;
    const earlier = this.#all()[identity];
    if (earlier !== undefined && covers(earlier.privileges, plan.privileges)) return true;
    const chosen = await window.showWarningMessage(
      question(plan),
      { modal: true, detail: explanation(plan) },
      DEPLOY,
    );
    if (chosen !== DEPLOY) return false;
    const consent: Consent = {
      privileges: plan.privileges,
      context: plan.context,
      given: new Date().toISOString(),
    };
    await this.#memory.update(KEY, { ...this.#all(), [identity]: consent });
    return true;
  }

  /** Offers to take consents back. */
  async forget(): Promise<void> {
    const all = Object.entries(this.#all());
    if (all.length === 0) {
      void window.showInformationMessage('No consent to deploy agents has been given.');
      return;
    }
    const picked = await window.showQuickPick(
      all.map(([identity, { context, privileges, given }]) => ({
        identity,
        label: context,
        description: privileges,
        detail: `Given ${given.slice(0, 10)} for cluster ${identity}`,
      })),
      { title: 'Forget Consent to Deploy Agents', canPickMany: true, placeHolder: 'You will be asked again' },
    );
    if (picked === undefined) return;
    const forgotten = new Set(picked.map(({ identity }) => identity));
    await this.#memory.update(KEY, Object.fromEntries(all.filter(([identity]) => !forgotten.has(identity))));
  }

  #all(): Readonly<Record<string, Consent | undefined>> & Readonly<Record<string, Consent>> {
    return this.#memory.get<Readonly<Record<string, Consent>>>(KEY, {});
  }
}

function covers(agreed: DeployPlan['privileges'], asked: DeployPlan['privileges']): boolean {
  return agreed === 'privileged' || asked === 'capabilities';
}

function question({ node, context, privileges }: DeployPlan): string {
  const kind = privileges === 'privileged' ? 'a privileged agent pod' : 'an agent pod';
  return `Deploy ${kind} on node ${node} (context ${context})?`;
}

const PRIVILEGES: Readonly<Record<DeployPlan['privileges'], string>> = {
  capabilities: 'capabilities BPF, PERFMON, NET_ADMIN, SYS_PTRACE, SYS_ADMIN and the host’s process ids',
  privileged: 'a privileged container with the host’s process ids',
};

/** A modal shows plain text only: one fact a line. */
function explanation(plan: DeployPlan): string {
  const hours = `${plan.maximumHours} hour${plan.maximumHours === 1 ? '' : 's'}`;
  const lines = [
    `Image: ${plan.image}`,
    `Namespace: ${plan.namespace}`,
    `Privileges: ${PRIVILEGES[plan.privileges]}`,
    'Reads: metadata of packets (addresses, ports, sizes, times), interfaces and sockets of the node and whose they are, and DNS messages, which name addresses. No other payload.',
    `Goes away: when you stop the session or close VS Code, when its connection is lost, and after ${hours} in any case.`,
  ];
  if (plan.reason !== null) lines.unshift(`Why privileged: ${plan.reason}`);
  return [...lines, '', 'You are asked once for each cluster. Forget Consent to Deploy takes it back.'].join(
    '\n',
  );
}

import { ProgressLocation, window } from 'vscode';
import type { Clusters } from '../explorer/clusters.ts';
import type { Cluster } from '../kube/cluster.ts';
import { formatPlural } from '../model/format.ts';
import type { Observations } from '../panels/observations.ts';
import type { FoundAgent } from '../session/types.ts';
import { readSetting } from '../settings.ts';
import type { Observer } from './observe.ts';

const REMOVE = 'Remove';

/** *Remove Agents…*: lists every agent of a cluster by its label, and removes those that are chosen. @throws KubeError */
export async function removeAgents(
  clusters: Clusters,
  observer: Observer,
  observations: Observations,
): Promise<void> {
  const context = await pickContext(clusters);
  if (context === undefined) return;
  const cluster = await observer.connect(readSetting('vethscope.kubeconfig'), context);
  const sessions = await observations.sessions();
  const found = await window.withProgress(
    { location: ProgressLocation.Window, title: `Looking for agents in ${context}` },
    () => sessions.findAgents(cluster),
  );
  if (found.length === 0) {
    void window.showInformationMessage(`There are no agents in ${context}.`);
    return;
  }
  const chosen = await pickAgents(found, context);
  if (chosen.length === 0 || !(await confirmed(chosen, cluster))) return;
  const title = `Removing ${formatPlural(chosen.length, 'agent')} from ${context}`;
  await window.withProgress({ location: ProgressLocation.Notification, title }, () =>
    sessions.removeAgents(cluster, chosen),
  );
  void window.showInformationMessage(`Removed ${formatPlural(chosen.length, 'agent')} from ${context}.`);
}

async function pickContext(clusters: Clusters): Promise<string | undefined> {
  const { contexts, currentContext } = await clusters.kubeconfig(readSetting('vethscope.kubeconfig'));
  if (contexts.length <= 1) return contexts[0]?.name;
  const names = contexts
    .map(({ name }) => name)
    .sort((a, b) => Number(b === currentContext) - Number(a === currentContext));
  return window.showQuickPick(names, { title: 'Remove Agents', placeHolder: 'Cluster, by its context' });
}

async function pickAgents(found: readonly FoundAgent[], context: string): Promise<readonly FoundAgent[]> {
  const items = found.map((agent) => ({
    label: `${agent.namespace}/${agent.name}`,
    description: `on ${agent.node} · ${agent.phase}`,
    detail: `${agent.ours ? 'Of this window' : `Deployed by ${agent.owner}`}, ${agent.created}`,
    picked: true,
    agent,
  }));
  const picked = await window.showQuickPick(items, {
    title: `Remove Agents · ${context}`,
    placeHolder: 'Agents to remove',
    canPickMany: true,
  });
  return (picked ?? []).map(({ agent }) => agent);
}

async function confirmed(agents: readonly FoundAgent[], cluster: Cluster): Promise<boolean> {
  const others = agents.filter(({ ours }) => !ours).length;
  const detail = [
    ...agents.map(({ namespace, name, node }) => `${namespace}/${name} on ${node}`),
    '',
    'Sessions that use them end.',
    ...(others > 0 ? [`${formatPlural(others, 'agent')} may be in use by someone else.`] : []),
  ].join('\n');
  const question = `Remove ${formatPlural(agents.length, 'agent')} from ${cluster.context}?`;
  return (await window.showWarningMessage(question, { modal: true, detail }, REMOVE)) === REMOVE;
}

import { window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import type { TreeNode } from '../explorer/treeNode.ts';
import { flowChoices } from '../flows/flowChoices.ts';
import type { FlowChoice } from '../flows/flowChoices.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import { formatAge, formatBytes } from '../model/format.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { ObservedNode } from '../panels/interfacePanels.ts';
import type { Observations } from '../panels/observations.ts';
import { sameSource } from './observe.ts';
import { flowsOfRow } from './rows.ts';
import { plainLabel } from './plainLabel.ts';

/** As many as one looks through; the others are found by typing in the flow table. */
const MOST_CHOICES = 200;

interface FlowItem extends QuickPickItem {
  readonly flows: SessionFlows;
  readonly flow: FlowReference;
}

/** *Observation Points…* on a row of Node Interfaces: of the flows that were seen there, the path of one. */
export async function showObservationPoints(
  row: TreeNode | null,
  observations: Observations,
  show: (flows: SessionFlows, flow: FlowReference) => void,
): Promise<void> {
  const asked = flowsOfRow(row);
  if (asked === null) return;
  const { at, filter, name } = asked;
  const items = observations.live
    .filter((flows) => observes(flows, at))
    .flatMap((flows) => flowChoices(flows.store, filter, MOST_CHOICES).map((choice) => itemOf(flows, choice)))
    .sort((a, b) => b.last - a.last);
  if (items.length === 0) {
    void window.showInformationMessage(
      `No flow was seen at ${name} on ${at.node} yet. Flows appear as packets pass.`,
    );
    return;
  }
  const picked = await window.showQuickPick(items, {
    title: `Observation Points · ${name}`,
    placeHolder: 'A flow, to see its path',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked !== undefined) show(picked.flows, picked.flow);
}

function itemOf(flows: SessionFlows, choice: FlowChoice): FlowItem & { readonly last: number } {
  const { client, server, protocol, verdict, bytes, last, flow } = choice;
  return {
    label: plainLabel(`${client} → ${server}`),
    description: `${protocol} · ${verdict}`,
    detail: `${formatBytes(bytes)} · ${formatAge(last, Date.now())} · ${plainLabel(flows.session.title)}`,
    ...{ flows, flow, last },
  };
}

function observes({ session }: SessionFlows, { source, node }: ObservedNode): boolean {
  if (!sameSource(session.source, source)) return false;
  return source.kind === 'local' || session.agents.some((agent) => agent.node === node);
}

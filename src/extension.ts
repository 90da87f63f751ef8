import { hostname, userInfo } from 'node:os';
import { window } from 'vscode';
import type { ExtensionContext, LogOutputChannel } from 'vscode';
import { chooseInterfaces, compareInterfaces, interfacesOfRows } from './commands/compareInterfaces.ts';
import { capture } from './commands/capture.ts';
import { DeployConsent } from './commands/consent.ts';
import { Observer, restart } from './commands/observe.ts';
import { openSettings, showProblem } from './commands/problems.ts';
import { registerCommand } from './commands/register.ts';
import { removeAgents } from './commands/removeAgents.ts';
import { showSessions, stop, stopSession } from './commands/sessions.ts';
import { ShowFlows } from './commands/showFlows.ts';
import { copyOfRow, openInterface, rowOf } from './commands/rows.ts';
import { filterInterfaces } from './commands/filterInterfaces.ts';
import { showObservationPoints } from './commands/observationPoints.ts';
import { revealPod, revealPodOfRow } from './commands/revealPod.ts';
import { showFiltered, showFlowsOfPod, showInterfaceFlows } from './commands/showInterfaceFlows.ts';
import { showPodNetwork } from './commands/podNetwork.ts';
import { showPodFlows } from './commands/showPodFlows.ts';
import { SessionsStatus } from './commands/statusBar.ts';
import { CATEGORY, FLOWS_PANEL, POINTS_PANEL } from './contributions.ts';
import { Clusters } from './explorer/clusters.ts';
import { InterfacesTree } from './explorer/interfacesTree.ts';
import { NodeNode } from './explorer/nodeNode.ts';
import type { SessionFlows } from './flows/sessionFlows.ts';
import type { FlowReference } from './model/panelMessages.ts';
import type { FlowsPanel } from './panels/flowsPanel.ts';
import { FlowsPanels } from './panels/flowsPanels.ts';
import { InterfacePanels } from './panels/interfacePanels.ts';
import { isLive, Observations } from './panels/observations.ts';
import { PointsPanel } from './panels/pointsPanel.ts';
import { PodNetworkPanels } from './panels/podNetworkPanels.ts';
import type { Sessions } from './session/types.ts';

const COPIES = [
  ['vethscope.copyInterfaceName', 'name'],
  ['vethscope.copyInterfaceMac', 'mac'],
  ['vethscope.copyInterfaceAddress', 'address'],
  ['vethscope.copyInterfaceIndex', 'index'],
  ['vethscope.copyRow', 'text'],
] as const;

let observations: Observations | null = null;

/** Registers; everything that reaches out is loaded with its first use. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel(CATEGORY, { log: true });
  const running = new Observations(() => loadSessions(context, log));
  observations = running;
  const clusters = new Clusters(log);
  const consent = new DeployConsent(context.globalState);
  const observer = new Observer(clusters, running, consent);
  const tree = new InterfacesTree(clusters, running);
  const showPoints = (flows: SessionFlows, flow: FlowReference): void => {
    new PointsPanel(context.extensionUri, POINTS_PANEL, flows, flow);
  };
  const panels = new FlowsPanels(
    context.extensionUri,
    {
      restart: (panel) => void restartPanel(panel, observer, log),
      stop: (flows) => void stop(flows, log),
      showPoints,
      revealPod: ({ session }, pod) =>
        void revealPod(tree, session.source, pod).catch((error: unknown) => showProblem(error, log)),
      showLog: () => log.show(),
      openSettings: () => void openSettings(),
    },
    (flows) => void closed(flows, running, log),
  );
  const reported = (work: Promise<unknown>): void =>
    void work.catch((error: unknown) => showProblem(error, log));
  const interfaces = new InterfacePanels(context.extensionUri, running, {
    showFlows: (at, filter) => reported(showFiltered(at, filter, observer, panels)),
    showPath: showPoints,
    compare: (chosen) => reported(chooseInterfaces(chosen, interfaces, running)),
    observe: ({ source, node }) => reported(observer.observe(source, { kind: 'node', node })),
  });
  const podNetworks = new PodNetworkPanels(context.extensionUri, running, interfaces);
  const showFlows = new ShowFlows(clusters, observer, panels, context.workspaceState);
  const ask = (): Promise<void> => showFlows.run();

  context.subscriptions.push(
    log,
    clusters,
    interfaces,
    podNetworks,
    tree,
    new SessionsStatus(running),
    window.registerWebviewPanelSerializer(FLOWS_PANEL, panels),
    registerCommand('vethscope.showFlows', log, ask),
    registerCommand('vethscope.showPodFlows', log, (target) =>
      showPodFlows(target, { clusters, observer, panels, ask }),
    ),
    registerCommand('vethscope.observeNode', log, async (target) => {
      if (target instanceof NodeNode) {
        await observer.observe(target.source, { kind: 'node', node: target.node });
      }
    }),
    registerCommand('vethscope.showInterfaceFlows', log, (target) =>
      showInterfaceFlows(rowOf(target, tree), observer, panels),
    ),
    registerCommand('vethscope.showFlowsOfPod', log, (target) =>
      showFlowsOfPod(rowOf(target, tree), observer, panels),
    ),
    registerCommand('vethscope.showObservationPoints', log, (target) =>
      showObservationPoints(rowOf(target, tree), running, showPoints),
    ),
    registerCommand('vethscope.showPodNetwork', log, (target) =>
      showPodNetwork(target, running, podNetworks, ask),
    ),
    registerCommand('vethscope.capture', log, (target) => capture(target, observer, running, ask)),
    registerCommand('vethscope.revealPod', log, (target) => revealPodOfRow(rowOf(target, tree), tree)),
    registerCommand('vethscope.openInterface', log, (target) =>
      openInterface(rowOf(target, tree), interfaces),
    ),
    registerCommand('vethscope.compareInterfaces', log, (target, selected) =>
      compareInterfaces(interfacesOfRows(target, selected, tree), interfaces, running),
    ),
    ...COPIES.map(([command, what]) =>
      registerCommand(command, log, (target) => copyOfRow(rowOf(target, tree), what)),
    ),
    registerCommand('vethscope.filterInterfaces', log, () => filterInterfaces(tree)),
    registerCommand('vethscope.clearInterfacesFilter', log, () => tree.setFilter('')),
    registerCommand('vethscope.stopSession', log, (target) => stopSession(target, running, log)),
    registerCommand('vethscope.showSessions', log, () =>
      showSessions(running, (flows) => panels.show(flows, observer.questionOf(flows)), log),
    ),
    registerCommand('vethscope.removeAgents', log, () => removeAgents(clusters, observer, running)),
    registerCommand('vethscope.forgetConsent', log, () => consent.forget()),
    registerCommand('vethscope.refreshInterfaces', log, () => clusters.refresh()),
    registerCommand('vethscope.showLog', log, () => log.show()),
  );
}

/** Stops every session: agents are gone from the clusters, or end by themselves when VS Code gives us no more time. */
export async function deactivate(): Promise<void> {
  await observations?.dispose();
}

async function loadSessions(context: ExtensionContext, log: LogOutputChannel): Promise<Sessions> {
  const { createSessions } = await import('./session/sessions.ts');
  const { version } = context.extension.packageJSON as { version: string };
  return createSessions(
    {
      payloadFolder: context.asAbsolutePath('dist/payload'),
      agentProgram: context.asAbsolutePath('dist/payload/linux-x64/agent.cjs'),
      version,
      owner: `${userInfo().username}@${hostname()}`,
    },
    log,
  );
}

async function restartPanel(panel: FlowsPanel, observer: Observer, log: LogOutputChannel): Promise<void> {
  try {
    if (panel.flows === null) panel.show(await observer.observeAgain(panel.question));
    else await restart(panel.flows);
  } catch (error) {
    void showProblem(error, log, () => restartPanel(panel, observer, log));
  }
}

/** A pod is observed for its table; a node also for the tree, and stays until it is stopped. */
async function closed(flows: SessionFlows, running: Observations, log: LogOutputChannel): Promise<void> {
  const { session } = flows;
  const live = isLive(session.state.phase);
  if (live && session.target.kind === 'node') return;
  if (live) await stop(flows, log);
  running.forget(flows);
}

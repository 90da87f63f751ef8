import { ThemeIcon, window } from 'vscode';
import type { LogOutputChannel, QuickInputButton, QuickPickItem } from 'vscode';
import { NodeNode } from '../explorer/nodeNode.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import { formatPlural } from '../model/format.ts';
import type { Observations } from '../panels/observations.ts';
import { sameSource } from './observe.ts';
import { showProblem } from './problems.ts';

const STOP_BUTTON: QuickInputButton = { iconPath: new ThemeIcon('debug-stop'), tooltip: 'Stop Session' };

interface SessionItem extends QuickPickItem {
  readonly flows: SessionFlows;
}

/** *Stop Session*: those of the row it was called on, else all that run; asks when there are several. */
export async function stopSession(
  target: unknown,
  observations: Observations,
  log: LogOutputChannel,
): Promise<void> {
  const candidates =
    target instanceof NodeNode
      ? observations.live.filter((flows) => observesNode(flows, target))
      : observations.live;
  const chosen = candidates.length > 1 ? await pickSessions(candidates) : candidates;
  await Promise.all(chosen.map((flows) => stop(flows, log)));
}

/** Stops one session; says so when something of it could not be removed. */
export async function stop({ session }: SessionFlows, log: LogOutputChannel): Promise<void> {
  try {
    await session.stop();
  } catch (error) {
    void showProblem(error, log);
  }
}

/** Lists the sessions that run: choosing one shows its flows, its button stops it. */
export async function showSessions(
  observations: Observations,
  show: (flows: SessionFlows) => void,
  log: LogOutputChannel,
): Promise<void> {
  const pick = window.createQuickPick<SessionItem>();
  const refresh = (): void => {
    pick.items = observations.live.map((flows) => ({ ...itemOf(flows), buttons: [STOP_BUTTON] }));
  };
  pick.title = 'Sessions';
  pick.placeholder = 'Choose a session to show its flows';
  refresh();
  const changes = observations.onDidChange(refresh);
  pick.onDidTriggerItemButton(({ item }) => void stop(item.flows, log));
  pick.onDidAccept(() => {
    const [item] = pick.activeItems;
    pick.hide();
    if (item !== undefined) show(item.flows);
  });
  await new Promise<void>((resolve) => {
    pick.onDidHide(() => resolve());
    pick.show();
  });
  changes.dispose();
  pick.dispose();
}

async function pickSessions(candidates: readonly SessionFlows[]): Promise<readonly SessionFlows[]> {
  const picked = await window.showQuickPick(candidates.map(itemOf), {
    title: 'Stop Session',
    placeHolder: 'Sessions to stop',
    canPickMany: true,
  });
  return (picked ?? []).map(({ flows }) => flows);
}

function itemOf(flows: SessionFlows): SessionItem {
  const { session, store } = flows;
  return {
    label: session.title,
    description: `${session.state.phase} · ${formatPlural(store.size, 'flow')}`,
    detail: session.scope,
    flows,
  };
}

function observesNode({ session }: SessionFlows, node: NodeNode): boolean {
  return sameSource(session.source, node.source) && session.agents.some((agent) => agent.node === node.node);
}

import { ProgressLocation, window } from 'vscode';
import type { CancellationToken } from 'vscode';
import type { ObservedNode } from '../panels/interfacePanels.ts';
import { isLive } from '../panels/observations.ts';
import type { Observations } from '../panels/observations.ts';
import type { Agent, Session } from '../session/types.ts';
import type { Observer } from './observe.ts';
import { sameSource } from './observe.ts';
import { Cancelled } from './problems.ts';

/** The agent that runs on a node; where none does, the node is observed first. @throws Error in words for the user */
export async function observedAgent(
  { source, node }: ObservedNode,
  observer: Observer,
  observations: Observations,
): Promise<Agent> {
  const isThere = (agent: Agent): boolean =>
    isReady(agent) && sameSource(agent.source, source) && (source.kind === 'local' || agent.node === node);
  const running = observations.agents.find(isThere);
  if (running !== undefined) return running;
  const { session } = await observer.observe(source, { kind: 'node', node });
  const title = `Observing ${node} first`;
  return window.withProgress(
    { location: ProgressLocation.Notification, cancellable: true, title },
    (_progress, token) => whenReady(session, observations, token),
  );
}

async function whenReady(
  session: Session,
  observations: Observations,
  token: CancellationToken,
): Promise<Agent> {
  const { promise, resolve, reject } = Promise.withResolvers<Agent>();
  const look = (): void => {
    const agent = session.agents.find(isReady);
    if (agent !== undefined) resolve(agent);
    else if (!isLive(session.state.phase)) reject(new Error(session.state.status));
  };
  // Its wiring comes after it runs.
  const subscriptions = [
    session.onChange(look),
    observations.onAgentChange(look),
    token.onCancellationRequested(() => reject(new Cancelled())),
  ];
  look();
  try {
    return await promise;
  } finally {
    for (const subscription of subscriptions) subscription.dispose();
  }
}

const isReady = ({ phase, topology }: Agent): boolean => phase === 'running' && topology !== null;

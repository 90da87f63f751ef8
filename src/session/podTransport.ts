import { AGENT_PORT, agentJobName } from '../kube/agentManifest.ts';
import type { DeployedAgent } from '../kube/agentPod.ts';
import type { ApiClient } from '../kube/client.ts';
import { openPortForward } from '../kube/portForward.ts';
import type { Transport } from './transport.ts';

/** An agent in a pod, reached by port-forward through the API server. */
export function podTransport(client: ApiClient, agent: DeployedAgent): Transport {
  return {
    token: agent.token,
    deployedName: `${agent.namespace}/${agentJobName(agent.session)}`,
    open: (signal) =>
      openPortForward(client, {
        namespace: agent.namespace,
        pod: agent.pod,
        port: AGENT_PORT,
        signal,
      }),
    onEnd: (listener) => agent.onEnd(listener),
    logTail: () => agent.logTail(),
    close: () => agent.remove(),
  };
}

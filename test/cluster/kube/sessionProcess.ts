/** A program that observes a node until it is killed: `sessionProcess.ts KUBECONFIG NAMESPACE NODE`. */
import { Cluster } from '../../../src/kube/cluster.ts';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { silentLog } from '../../../src/kube/log.ts';
import { createSessions } from '../../../src/session/sessions.ts';
import { PAYLOADS, agentSettings } from './support.ts';

const [file = '', namespace = '', node = ''] = process.argv.slice(2);
const kubeconfig = await loadKubeconfig({ setting: file });
const cluster = await Cluster.connect(kubeconfig, kubeconfig.currentContext, {
  timeoutMilliseconds: 10_000,
  log: silentLog,
});
const options = { payloadFolder: PAYLOADS, agentProgram: '', version: '0.1.0', owner: 'killed' };
const session = createSessions(options, silentLog).start({
  source: { kind: 'cluster', cluster },
  target: { kind: 'node', node },
  settings: agentSettings(namespace),
  confirmDeploy: () => Promise.resolve(true),
});
session.onChange(() => console.log(session.state.phase));

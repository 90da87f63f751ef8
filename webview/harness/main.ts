/**
 * The pages in a plain browser with a host made here: `?scenario=steady&theme=dark`. For tests, screenshots and work on a
 * page without VS Code. The rows of flows go through the real store, view and feed; paths and
 * interfaces through the real model.
 */
import '../flows/flows.css';
import '../comparison/comparison.css';
import '../interface/interface.css';
import '../podNetwork/podNetwork.css';
import '../points/points.css';
import { FlowsPage } from '../flows/page.ts';
import type { ToPointsPage } from '../../src/model/pointsMessages.ts';
import { ComparisonPage } from '../comparison/page.ts';
import { InterfacePage } from '../interface/page.ts';
import { PodNetworkPage } from '../podNetwork/page.ts';
import { PointsPage } from '../points/page.ts';
import { registerControls } from '../shared/controls.ts';
import type { ComparisonScenario } from './comparisonHost.ts';
import { FakeComparisonHost } from './comparisonHost.ts';
import { FakeHost } from './fakeHost.ts';
import type { InterfaceScenario } from './interfaceHost.ts';
import { FakeInterfaceHost } from './interfaceHost.ts';
import type { PodNetworkScenario } from './podNetworkHost.ts';
import { FakePodNetworkHost } from './podNetworkHost.ts';
import { FakePointsHost } from './pointsHost.ts';
import { busy } from './scenarios/busy.ts';
import { promiscuous as promiscuousComparison } from './scenarios/comparison/promiscuous.ts';
import { twoVeths } from './scenarios/comparison/twoVeths.ts';
import { unobserved as unobservedComparison } from './scenarios/comparison/unobserved.ts';
import { uplinkBridgeVeth } from './scenarios/comparison/uplinkBridgeVeth.ts';
import { empty } from './scenarios/empty.ts';
import { failure } from './scenarios/failure.ts';
import { hostile } from './scenarios/hostile.ts';
import { bridge } from './scenarios/interface/bridge.ts';
import { contradiction } from './scenarios/interface/contradiction.ts';
import { hostile as hostileInterface } from './scenarios/interface/hostile.ts';
import { onePod } from './scenarios/interface/onePod.ts';
import { podVeth } from './scenarios/interface/podVeth.ts';
import { promiscuous } from './scenarios/interface/promiscuous.ts';
import { routedVeth } from './scenarios/interface/routedVeth.ts';
import { tunnel as tunnelInterface } from './scenarios/interface/tunnel.ts';
import { uncounted } from './scenarios/interface/uncounted.ts';
import { uplink } from './scenarios/interface/uplink.ts';
import { bridge as bridgedPod } from './scenarios/podNetwork/bridge.ts';
import { cilium as ciliumPod } from './scenarios/podNetwork/cilium.ts';
import { hostile as hostilePod } from './scenarios/podNetwork/hostile.ts';
import { hostNetwork } from './scenarios/podNetwork/hostNetwork.ts';
import { routed as routedPod } from './scenarios/podNetwork/routed.ts';
import { tunnel as tunnelledPod } from './scenarios/podNetwork/tunnel.ts';
import { dropped } from './scenarios/points/dropped.ts';
import { misaddressed } from './scenarios/points/misaddressed.ts';
import { sameNode } from './scenarios/points/sameNode.ts';
import { tunnel } from './scenarios/points/tunnel.ts';
import { unexplained } from './scenarios/points/unexplained.ts';
import { unobserved } from './scenarios/points/unobserved.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { starting } from './scenarios/starting.ts';
import { steady } from './scenarios/steady.ts';
import { translated } from './scenarios/translated.ts';
import { uncertain } from './scenarios/uncertain.ts';
import { stopped } from './scenarios/stopped.ts';
import { applyTheme } from './themes.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  steady,
  busy,
  empty,
  starting,
  failure,
  stopped,
  hostile,
  uncertain,
  translated,
};

/** Of the observation-point page. */
const PATHS: Readonly<Record<string, ToPointsPage>> = {
  'path-same-node': sameNode,
  'path-tunnel': tunnel,
  'path-unexplained': unexplained,
  'path-unobserved': unobserved,
  'path-misaddressed': misaddressed,
  'path-dropped': dropped,
};

/** Of the interface page. */
const INTERFACES: Readonly<Record<string, InterfaceScenario>> = {
  'interface-bridge': bridge,
  'interface-promiscuous': promiscuous,
  'interface-uplink': uplink,
  'interface-pod': podVeth,
  'interface-routed': routedVeth,
  'interface-tunnel': tunnelInterface,
  'interface-hostile': hostileInterface,
  'interface-uncounted': uncounted,
  'interface-one-pod': onePod,
  'interface-contradiction': contradiction,
};

/** Of the page of a pod's network. */
const POD_NETWORKS: Readonly<Record<string, PodNetworkScenario>> = {
  'pod-network-bridge': bridgedPod,
  'pod-network-tunnel': tunnelledPod,
  'pod-network-routed': routedPod,
  'pod-network-cilium': ciliumPod,
  'pod-network-host': hostNetwork,
  'pod-network-hostile': hostilePod,
};

/** Of interfaces side by side. */
const COMPARISONS: Readonly<Record<string, ComparisonScenario>> = {
  'comparison-uplink-bridge-veth': uplinkBridgeVeth,
  'comparison-two-veths': twoVeths,
  'comparison-promiscuous': promiscuousComparison,
  'comparison-unobserved': unobservedComparison,
};

const asked = new URLSearchParams(location.search);
const name = asked.get('scenario') ?? 'steady';
applyTheme(asked.get('theme') ?? 'dark');
registerControls();

/** A test switches themes and reads what the page asked of the host. */
function expose(
  host: FakeHost | FakePointsHost | FakeInterfaceHost | FakePodNetworkHost | FakeComparisonHost,
): void {
  Object.assign(globalThis, { harness: { host, applyTheme } });
}

const path = PATHS[name];
const shownInterface = INTERFACES[name];
const podNetwork = POD_NETWORKS[name];
const compared = COMPARISONS[name];
const scenario = SCENARIOS[name];
if (path !== undefined) {
  const host = new FakePointsHost(path);
  new PointsPage(document.body, host);
  expose(host);
} else if (shownInterface !== undefined) {
  const host = new FakeInterfaceHost(shownInterface);
  new InterfacePage(document.body, host);
  expose(host);
} else if (podNetwork !== undefined) {
  const host = new FakePodNetworkHost(podNetwork);
  new PodNetworkPage(document.body, host);
  expose(host);
} else if (compared !== undefined) {
  const host = new FakeComparisonHost(compared);
  new ComparisonPage(document.body, host);
  expose(host);
} else if (scenario !== undefined) {
  const host = new FakeHost(scenario);
  new FlowsPage(document.body, host);
  expose(host);
} else {
  throw new Error(
    `no such scenario; there are ${[SCENARIOS, PATHS, INTERFACES, POD_NETWORKS, COMPARISONS].flatMap(Object.keys).join(', ')}`,
  );
}

import type { Shape, WiringOptions } from '../../../../src/model/path/wiring.fixture.ts';
import { wirings } from '../../../../src/model/path/wiring.fixture.ts';
import type { InterfaceStatistics, InterfaceTopology, Topology } from '../../../../src/model/topology.ts';
import type { InterfaceScenario } from '../../interfaceHost.ts';
import { flowsOn } from '../../interfaceTraffic.ts';

const RATES: InterfaceStatistics = {
  receivedPackets: 812.4,
  receivedBytes: 1_204_512,
  receivedDropped: 0,
  sentPackets: 640.1,
  sentBytes: 96_230,
  sentDropped: 0,
};

const STATISTICS: InterfaceStatistics = {
  receivedPackets: 1_204_113,
  receivedBytes: 1_893_204_441,
  receivedDropped: 3,
  sentPackets: 980_021,
  sentBytes: 204_998_112,
  sentDropped: 0,
};

/** An interface of the fixture's node-a, with traffic; a bridge knows what is behind its ports. */
export function onNode(
  shape: Shape,
  ifindex: number,
  options: WiringOptions = {},
  change: (link: InterfaceTopology) => InterfaceTopology = (link) => link,
): InterfaceScenario {
  const [node] = wirings(shape, options);
  if (node === undefined) throw new Error('the fixture has no node');
  const [own, ...pods] = node.namespaces;
  if (own === undefined) throw new Error('the fixture’s node has no namespace');
  const interfaces = own.interfaces.map((link) => change({ ...link, statistics: STATISTICS }));
  const learned = interfaces
    .filter(({ master }) => master !== null)
    .map((port) => ({
      mac: port.mac.replace('02:00:00:00:01', '0a:58:0a:f4:00'),
      ifindex: port.ifindex,
      destination: null,
      permanent: false,
    }));
  const topology: Topology = {
    ...node,
    namespaces: [{ ...own, interfaces, fdb: [...own.fdb, ...learned] }, ...pods],
  };
  return {
    topology,
    interface: { netns: own.inode, ifindex },
    rates: RATES,
    flows: flowsOn(shape, topology),
  };
}

import type { Flow, Sighting } from '../../../../src/model/flow.ts';
import { pathOf } from '../../../../src/model/path/pathOf.ts';
import { pathText } from '../../../../src/model/path/pathText.ts';
import { sighting } from '../../../../src/model/path/wiring.fixture.ts';
import type { FlowPathPicture, ToPointsPage } from '../../../../src/model/pointsMessages.ts';
import type { Topology } from '../../../../src/model/topology.ts';

/** The flow as its panel tells of it, seen at every point but those of `unseen` interfaces or nodes, and of silent ends. */
export function pathMessage(
  flow: Flow,
  topologies: readonly Topology[],
  unseen: readonly string[] = [],
  unobserved: readonly string[] = [],
): ToPointsPage {
  const expected = pathOf(flow, topologies);
  const answers = flow.received.packets === 0 ? [] : expected.reply.points;
  const sightings = [...expected.request.points, ...answers]
    .filter(
      ({ attached, interface: name, node }) => attached && !unseen.includes(name) && !unseen.includes(node),
    )
    .map((point): Sighting => sighting(point, point.tuple));
  const path = pathOf({ ...flow, sightings }, topologies);
  const { client, server, service, protocol, verdict } = flow;
  const picture: FlowPathPicture = {
    ...{ client, server, protocol, verdict, path, unobserved },
    service: service === null ? null : `${service.namespace}/${service.name}`,
    changed: null,
    text: pathText(path),
  };
  return { type: 'path', picture };
}

/**
 * The pages in a plain browser with a host made here: `?scenario=steady&theme=dark`. For tests, screenshots and work on a
 * page without VS Code. The rows of flows go through the real store, view and feed; paths through the real model.
 */
import '../flows/flows.css';
import '../points/points.css';
import { FlowsPage } from '../flows/page.ts';
import type { ToPointsPage } from '../../src/model/pointsMessages.ts';
import { PointsPage } from '../points/page.ts';
import { registerControls } from '../shared/controls.ts';
import { FakeHost } from './fakeHost.ts';
import { FakePointsHost } from './pointsHost.ts';
import { busy } from './scenarios/busy.ts';
import { empty } from './scenarios/empty.ts';
import { failure } from './scenarios/failure.ts';
import { hostile } from './scenarios/hostile.ts';
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
};

const asked = new URLSearchParams(location.search);
const name = asked.get('scenario') ?? 'steady';
applyTheme(asked.get('theme') ?? 'dark');
registerControls();

/** A test switches themes and reads what the page asked of the host. */
function expose(host: FakeHost | FakePointsHost): void {
  Object.assign(globalThis, { harness: { host, applyTheme } });
}

const path = PATHS[name];
const scenario = SCENARIOS[name];
if (path !== undefined) {
  const host = new FakePointsHost(path);
  new PointsPage(document.body, host);
  expose(host);
} else if (scenario !== undefined) {
  const host = new FakeHost(scenario);
  new FlowsPage(document.body, host);
  expose(host);
} else {
  throw new Error(
    `no such scenario; there are ${[...Object.keys(SCENARIOS), ...Object.keys(PATHS)].join(', ')}`,
  );
}

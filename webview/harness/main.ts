/**
 * The flows page in a plain browser with a host made here: `?scenario=steady&theme=dark`. For tests, screenshots and
 * work on the page without VS Code. The rows go through the real store, view and feed.
 */
import '../flows/flows.css';
import { FlowsPage } from '../flows/page.ts';
import { registerControls } from '../shared/controls.ts';
import { FakeHost } from './fakeHost.ts';
import { busy } from './scenarios/busy.ts';
import { empty } from './scenarios/empty.ts';
import { failure } from './scenarios/failure.ts';
import { hostile } from './scenarios/hostile.ts';
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

const asked = new URLSearchParams(location.search);
const scenario = SCENARIOS[asked.get('scenario') ?? 'steady'];
if (scenario === undefined) {
  throw new Error(`no such scenario; there are ${Object.keys(SCENARIOS).join(', ')}`);
}

applyTheme(asked.get('theme') ?? 'dark');
registerControls();
const host = new FakeHost(scenario);
new FlowsPage(document.body, host);
// A test switches themes and reads what the page asked of the host.
Object.assign(globalThis, { harness: { host, applyTheme } });

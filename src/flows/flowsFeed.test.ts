import assert from 'node:assert/strict';
import { FLOW_RECORD_BYTES } from '../model/flowRecord.ts';
import type { ToFlowsPage } from '../model/panelMessages.ts';
import { FlowStore } from './flowStore.ts';
import { FlowsFeed } from './flowsFeed.ts';
import { packFlows, packIds, plainEndpoint, plainFlow, updateOf } from './testing/packFlow.ts';

function feedWithFlow(): { store: FlowStore; feed: FlowsFeed; posted: ToFlowsPage[]; types: () => string[] } {
  const store = new FlowStore();
  const endpoints = [1, 2].map((id) => ({ id, endpoint: plainEndpoint({ name: `pod-${id}` }) }));
  store.apply(updateOf({ endpoints, flows: packFlows([plainFlow({ id: 1 })]) }));
  const posted: ToFlowsPage[] = [];
  const feed = new FlowsFeed(store, (message) => posted.push(message));
  return { store, feed, posted, types: () => posted.splice(0).map(({ type }) => type) };
}

const VIEW = { type: 'view', first: 0, count: 20 } as const;

describe('FlowsFeed', () => {
  it('sends nothing before the page is ready and nothing while it is hidden', () => {
    const { feed, types } = feedWithFlow();
    feed.receive(VIEW, 0);
    feed.tick(0);
    assert.deepEqual(types(), []);
    feed.receive({ type: 'ready' }, 0);
    feed.setVisible(false);
    feed.tick(100);
    assert.deepEqual(types(), []);
  });

  it('sends names before rows, and a second window only after the first was drawn', () => {
    const { store, feed, types } = feedWithFlow();
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    feed.tick(0);
    assert.deepEqual(types(), ['endpoints', 'window']);
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 1, sentBytes: 9 })]) }));
    feed.tick(100);
    assert.deepEqual(types(), []);
    feed.receive({ type: 'received' }, 150);
    feed.tick(200);
    assert.deepEqual(types(), ['window']);
  });

  it('sends names again to a page that was made anew, and after they changed', () => {
    const { store, feed, types } = feedWithFlow();
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    feed.tick(0);
    feed.setVisible(false);
    feed.setVisible(true);
    types();
    feed.receive({ type: 'ready' }, 0);
    feed.tick(100);
    assert.deepEqual(types(), ['endpoints', 'window']);
    store.apply(updateOf({ endpoints: [{ id: 1, endpoint: plainEndpoint({ name: 'renamed' }) }] }));
    feed.receive({ type: 'received' }, 0);
    feed.tick(200);
    assert.deepEqual(types(), ['endpoints', 'window']);
  });

  it('keeps quiet when nothing changed, but for the passing of time', () => {
    const { feed, types } = feedWithFlow();
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    feed.tick(0);
    feed.receive({ type: 'received' }, 0);
    types();
    feed.tick(500);
    assert.deepEqual(types(), []);
    feed.tick(1100);
    assert.deepEqual(types(), ['window']);
  });

  it('sends the detail of the selected flow with every window, and says when it is gone', () => {
    const { feed, posted, types } = feedWithFlow();
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    feed.tick(0);
    types();
    feed.receive({ type: 'select', flow: { agent: 0, flow: 1 } }, 0);
    assert.deepEqual(types(), ['detail']);
    feed.receive({ type: 'select', flow: { agent: 0, flow: 99 } }, 0);
    const last = posted.at(-1);
    assert.equal(last?.type === 'detail' ? last.record : undefined, null);
  });

  it('goes on with the selected flow under the name of the one that absorbed it', () => {
    const { store, feed, posted } = feedWithFlow();
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    const [absorbed, heir] = [1, 2].map((flow) => ({ agent: 0, flow }));
    feed.receive({ type: 'select', flow: absorbed ?? null }, 0);
    const flows = packFlows([plainFlow({ id: 2 })]);
    store.apply(updateOf({ flows, absorbed: packIds([1, 2]) }));
    feed.tick(100);
    feed.receive({ type: 'received' }, 100);
    feed.tick(1200);
    const details = posted.filter((message) => message.type === 'detail').slice(-2);
    assert.deepEqual(
      details.map(({ flow, heir: now, record }) => [flow, now, record === null]),
      [
        [absorbed, heir, false],
        [heir, heir, false],
      ],
    );
  });

  it('sends groups, opens them, and keeps them when it goes on with another session', () => {
    const { feed, posted } = feedWithFlow();
    const lines = (): (string | number)[] => {
      const last = posted.findLast((message) => message.type === 'window');
      if (last === undefined) return [];
      return [last.window.lines, ...last.window.groups.map(({ name }) => name?.text ?? '')];
    };
    feed.receive({ type: 'ready' }, 0);
    feed.receive(VIEW, 0);
    feed.receive({ type: 'group', by: 'client' }, 0);
    feed.tick(0);
    assert.deepEqual(lines(), [1, 'pod-1']);
    feed.receive({ type: 'received' }, 0);
    feed.receive({ type: 'openGroup', key: null, open: true }, 0);
    feed.tick(100);
    assert.deepEqual(lines(), [2, 'pod-1']);
    const next = new FlowStore();
    const endpoint = plainEndpoint({ name: 'pod-3' });
    next.apply(updateOf({ endpoints: [{ id: 1, endpoint }], flows: packFlows([plainFlow({ id: 1 })]) }));
    feed.switchTo(next);
    feed.receive({ type: 'received' }, 0);
    feed.tick(200);
    assert.deepEqual(lines(), [2, 'pod-3']);
  });

  it('never sends more rows than a page can show', () => {
    const { store, feed, posted } = feedWithFlow();
    const flows = Array.from({ length: 2000 }, (_, index) => plainFlow({ id: index + 1 }));
    store.apply(updateOf({ flows: packFlows(flows) }));
    feed.receive({ type: 'ready' }, 0);
    feed.receive({ type: 'view', first: 0, count: 1e9 }, 0);
    feed.tick(0);
    const last = posted.at(-1);
    assert.equal(last?.type === 'window' ? last.window.rows.byteLength : 0, 500 * FLOW_RECORD_BYTES);
  });
});

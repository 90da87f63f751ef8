import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { NamespaceTopology, Route, RoutingRule } from '../topology.ts';
import type { Routing } from './routing.ts';
import { routeText, routeTo, routing } from './routing.ts';
import { wirings } from './wiring.fixture.ts';

const MAIN = 254;

function routed(routes: readonly Route[], rules?: readonly RoutingRule[]): NamespaceTopology {
  const [own] = wirings('hostgw')[0]?.namespaces ?? [];
  assert.ok(own);
  return { ...own, routes, ...(rules === undefined ? {} : { rules }) };
}

function route(destination: string, more: Partial<Route> = {}): Route {
  return { destination, gateway: null, ifindex: 2, table: MAIN, protocol: 'static', source: null, ...more };
}

function rule(priority: number, more: Partial<RoutingRule> = {}): RoutingRule {
  return {
    family: 4,
    priority,
    action: 'lookup',
    table: MAIN,
    target: null,
    source: null,
    destination: null,
    incoming: null,
    outgoing: null,
    mark: null,
    suppressedPrefixLength: null,
    inverted: false,
    hasFurtherConditions: false,
    ...more,
  };
}

function text(found: Routing): string {
  return found.kind === 'chosen' ? routeText(found.chosen) : found.kind === 'refused' ? found.text : 'none';
}

describe('routing', () => {
  it('takes the longest prefix, then the lowest metric', () => {
    const namespace = routed([
      route('0.0.0.0/0', { gateway: '10.0.0.254' }),
      route('10.1.0.0/16', { gateway: '10.0.0.9', metric: 200 }),
      route('10.1.0.0/16', { gateway: '10.0.0.8', metric: 100 }),
      route('10.1.0.0/16', { gateway: '10.0.0.7', metric: 100 }),
    ]);
    assert.equal(text(routing(namespace, '10.1.2.3')), '10.1.0.0/16 via 10.0.0.8 dev eth0');
    assert.equal(text(routing(namespace, '8.8.8.8')), 'default via 10.0.0.254 dev eth0');
    assert.equal(text(routing(namespace, 'fd00::1')), 'none');
  });

  it('writes a route to one address without its length, as ip(8) does', () => {
    const namespace = routed([route('10.1.2.3/32'), route('fd00::1/128'), route('fd00::/64')]);
    assert.equal(text(routing(namespace, '10.1.2.3')), '10.1.2.3 dev eth0');
    assert.equal(text(routing(namespace, 'fd00::1')), 'fd00::1 dev eth0');
    assert.equal(text(routing(namespace, 'fd00::2')), 'fd00::/64 dev eth0');
  });

  it('leaves tables alone that no rule leads to', () => {
    const namespace = routed([route('10.1.0.0/16', { table: 100 })]);
    assert.equal(text(routing(namespace, '10.1.2.3')), 'none');
  });

  it('asks the rules in their order, whatever the prefixes in other tables', () => {
    const routes = [route('10.1.0.0/24', { gateway: '10.0.0.1' }), route('0.0.0.0/0', { table: 100 })];
    const rules = [rule(32_766), rule(100, { source: '10.244.0.0/24', table: 100 })];
    const namespace = routed(routes, rules);
    assert.equal(text(routing(namespace, '10.1.0.3', { source: '10.244.0.2' })), 'default dev eth0');
    assert.equal(
      text(routing(namespace, '10.1.0.3', { source: '10.9.9.9' })),
      '10.1.0.0/24 via 10.0.0.1 dev eth0',
    );
    assert.equal(text(routing(namespace, '10.1.0.3')), '10.1.0.0/24 via 10.0.0.1 dev eth0');
  });

  it('takes for another packet’s what asks for a mark, a port, a socket or another interface', () => {
    const refused = { action: 'blackhole', table: null } as const;
    const conditions: Partial<RoutingRule>[] = [
      { mark: '0x200/0xf00' },
      { hasFurtherConditions: true },
      { outgoing: 'eth0' },
      { incoming: 'cni0' },
      { destination: '10.2.0.0/16' },
      { source: '10.244.0.2/32', inverted: true },
    ];
    const packet = { source: '10.244.0.2', incoming: 'lo' };
    for (const condition of conditions) {
      const namespace = routed([route('0.0.0.0/0')], [rule(1, { ...refused, ...condition }), rule(32_766)]);
      assert.equal(
        text(routing(namespace, '10.1.0.3', packet)),
        'default dev eth0',
        JSON.stringify(condition),
      );
    }
    for (const condition of [
      { mark: '0x0/0xf00' },
      { incoming: 'lo' },
      { source: '10.3.0.0/16', inverted: true },
    ]) {
      const namespace = routed([route('0.0.0.0/0')], [rule(1, { ...refused, ...condition }), rule(32_766)]);
      assert.equal(
        text(routing(namespace, '10.1.0.3', packet)),
        'rule 1: blackhole',
        JSON.stringify(condition),
      );
    }
  });

  it('ends a packet with the reason of the rule or route that does', () => {
    for (const reason of ['blackhole', 'unreachable', 'prohibit'] as const) {
      const byRoute = routed([route('0.0.0.0/0'), route('10.1.0.0/16', { ifindex: null, type: reason })]);
      assert.deepEqual(routing(byRoute, '10.1.2.3'), {
        kind: 'refused',
        reason,
        text: `${reason} 10.1.0.0/16`,
      });
      assert.equal(routeTo(byRoute, '10.1.2.3'), null);
      const byRule = routed([route('0.0.0.0/0')], [rule(7, { action: reason, table: null }), rule(32_766)]);
      assert.equal(text(routing(byRule, '10.1.2.3')), `rule 7: ${reason}`);
    }
  });

  it('goes on after throw, nothing found and suppressed prefixes, and jumps by goto', () => {
    const routes = [
      route('10.1.0.0/16', { table: 100, ifindex: null, type: 'throw' }),
      route('0.0.0.0/0', { gateway: '10.0.0.254' }),
      route('0.0.0.0/0', { table: 200, gateway: '10.0.0.253' }),
    ];
    const throwing = routed(routes, [rule(1, { table: 100 }), rule(2, { table: 101 }), rule(32_766)]);
    assert.equal(text(routing(throwing, '10.1.0.3')), 'default via 10.0.0.254 dev eth0');
    const suppressing = routed(routes, [rule(1, { suppressedPrefixLength: 0 }), rule(2, { table: 200 })]);
    assert.equal(text(routing(suppressing, '10.1.0.3')), 'default via 10.0.0.253 dev eth0');
    const jumping = routed(routes, [
      rule(1, { action: 'goto', table: null, target: 9 }),
      rule(2, { action: 'prohibit', table: null }),
      rule(9, { table: 200 }),
    ]);
    assert.equal(text(routing(jumping, '10.1.0.3')), 'default via 10.0.0.253 dev eth0');
  });

  it('depends on the order of neither routes nor rules of different priority', () => {
    const prefixes = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24'];
    const someRoute = fc.record({
      destination: fc.constantFrom(...prefixes),
      table: fc.constantFrom(100, MAIN),
      metric: fc.integer({ min: 0, max: 3 }),
    });
    const distinct = fc.uniqueArray(someRoute, {
      selector: ({ destination, table, metric }) => `${destination} ${table} ${metric}`,
    });
    fc.assert(
      fc.property(distinct, fc.boolean(), (some, isReversed) => {
        const routes = some.map(({ destination, ...more }) => route(destination, more));
        const rules = [rule(5, { table: 100 }), rule(6)];
        const turned = (list: readonly Route[]): Route[] => [...list].reverse();
        const plain = routing(routed(routes, rules), '10.1.2.3');
        const other = routing(routed(turned(routes), isReversed ? [...rules].reverse() : rules), '10.1.2.3');
        assert.deepEqual(other, plain);
        const expected = [100, MAIN]
          .map((table) => routes.filter((one) => one.table === table))
          .find((table) => table.length > 0)
          ?.sort(
            (a, b) =>
              prefixes.indexOf(b.destination) - prefixes.indexOf(a.destination) ||
              (a.metric ?? 0) - (b.metric ?? 0),
          )[0];
        assert.deepEqual(plain.kind === 'chosen' ? plain.chosen.route : undefined, expected);
      }),
    );
  });
});

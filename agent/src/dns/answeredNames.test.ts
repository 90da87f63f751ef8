import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import type { Pod, Service } from '../../../src/model/inventory.ts';
import { IP_PROTOCOL, TCP_FLAG } from '../collector/flowLayout.ts';
import { flowJson } from '../flows/flowJson.ts';
import { BOOT, TestFlows } from '../flows/flowTable.fixture.ts';
import type { SeenPacket } from '../flows/kernelRecords.fixture.ts';
import { drainOf } from '../flows/kernelRecords.fixture.ts';
import { AnsweredNames } from './answeredNames.ts';
import { answer, dnsEvent, question } from './dnsEvents.fixture.ts';
import { DnsIntake } from './dnsIntake.ts';
import type { Flow, FlowEnd } from '../../../src/model/flow.ts';

const OUTSIDE = '100.64.1.7';
const SERVER = '10.244.1.53';
const [SHOP, OTHER] = ['10.244.1.5', '10.244.1.6'];
const SECOND = 1000;

function pod(name: string, ip: string): Pod {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}` },
    spec: { containers: [{ name: 'main' }] },
    status: { phase: 'Running', podIPs: [{ ip }], startTime: new Date(BOOT).toISOString() },
  };
}

function service(name: string, spec: Service['spec']): Service {
  return { kind: 'Service', metadata: { name, namespace: 'shop', uid: `uid-${name}` }, spec };
}

function a(name: string, ttl = 30, data = OUTSIDE): Answer {
  return { type: 'A', name, ttl, data };
}

/** Pods that ask and connect; times are milliseconds since boot. */
class World {
  readonly flows = new TestFlows([{ ifindex: 5, name: 'veth1', role: 'pod-veth' }]);
  readonly #intake: DnsIntake;
  readonly #events: Buffer[] = [];
  #packets: SeenPacket[] = [];
  #id = 0;

  constructor(pods: readonly Pod[] = [pod('shop', SHOP), pod('other', OTHER)]) {
    this.push(pods);
    const { table, names, identity } = this.flows;
    const named = new AnsweredNames(table, names, (addresses, now) => identity.nameAgain(addresses, now));
    this.#intake = new DnsIntake(table, (nanoseconds) => BOOT + nanoseconds / 1e6, named);
  }

  push(pods: readonly Pod[]): void {
    this.flows.inventory.update({ reset: false, upserts: pods, deletedUids: [] }, BOOT);
  }

  /** A question at a time, and its answer 1 ms later. */
  ask(client: string, name: string, answers: Answer[], at: number): void {
    this.#id += 1;
    const asking = { from: client, fromPort: 40_000 + this.#id, to: SERVER, netns: 1 };
    this.#send(client, asking.fromPort, SERVER, 53, IP_PROTOCOL.udp, at);
    this.#events.push(
      dnsEvent(question(this.#id, name), at * 1e6, asking, true),
      dnsEvent(answer(this.#id, name, answers), (at + 1) * 1e6, asking, false),
    );
  }

  connect(client: string, port: number, at: number, to = OUTSIDE): void {
    this.#send(client, port, to, 443, IP_PROTOCOL.tcp, at);
  }

  /** @param readsDns whether this interval's DNS events come with it, or with a later one */
  tick(at: number, readsDns = true, identityChanged = false): void {
    this.flows.feed(drainOf(this.#packets), at, 0, [], [], identityChanged);
    this.#packets = [];
    this.#intake.add(readsDns ? this.#events.splice(0) : [], at * 1e6);
  }

  /** The connection from a port. */
  flow(port: number): Flow {
    const flows = this.flows.rows().map((row) => flowJson(this.flows.table, row, 's'));
    const [found, ...others] = flows.filter(({ client }) => client.port === port);
    assert.ok(found !== undefined && others.length === 0);
    return found;
  }

  /** Its outside end. */
  outside(port: number): FlowEnd {
    return this.flow(port).server;
  }

  #send(from: string, fromPort: number, to: string, toPort: number, protocol: number, at: number): void {
    const tcpFlags = protocol === IP_PROTOCOL.tcp ? TCP_FLAG.syn : 0;
    const where = { ifindex: 5, egress: false, netns: 1 };
    this.#packets.push({ from, fromPort, to, toPort, protocol, ...where, bytes: 60, tcpFlags, time: at });
  }
}

describe('AnsweredNames', () => {
  it('names an address for the pod that asked, with the name asked for, and for no other', () => {
    const world = new World();
    const records: Answer[] = [
      { type: 'CNAME', name: 'Api.Test', ttl: 30, data: 'edge.test' },
      a('edge.test'),
    ];
    world.ask(SHOP, 'Api.Test', records, SECOND);
    world.connect(SHOP, 5000, SECOND + 10);
    world.connect(OTHER, 5001, SECOND + 20);
    world.tick(2 * SECOND);
    const { kind, name, names, evidence, candidates } = world.outside(5000);
    assert.deepEqual(
      { kind, name, names, evidence, candidates },
      { kind: 'external', name: null, names: ['api.test'], evidence: ['dns'], candidates: [] },
    );
    assert.deepEqual([world.outside(5001).names, world.outside(5001).evidence], [[], ['none']]);
  });

  it('names flows that began while the time to live held, for as long as they last', () => {
    const world = new World();
    world.connect(SHOP, 4999, 500);
    world.ask(SHOP, 'api.test', [a('api.test', 5)], SECOND);
    world.connect(SHOP, 5000, 5 * SECOND);
    world.tick(6 * SECOND);
    world.connect(SHOP, 5001, 9 * SECOND);
    world.tick(10 * SECOND);
    // Long after the answer is forgotten: others are asked for, and the inventory changes.
    world.ask(OTHER, 'later.test', [a('later.test')], 400 * SECOND);
    world.connect(SHOP, 5000, 400 * SECOND);
    world.tick(401 * SECOND, true, true);
    assert.deepEqual(world.outside(4999).names, []);
    assert.deepEqual(world.outside(5000).names, ['api.test']);
    assert.deepEqual(world.outside(5001).names, []);
  });

  it('lists all names that hold, the newest first, and picks none', () => {
    const world = new World();
    world.ask(SHOP, 'one.test', [a('one.test')], SECOND);
    world.ask(SHOP, 'two.test', [a('two.test')], 2 * SECOND);
    world.ask(SHOP, 'one.test', [a('one.test')], 3 * SECOND);
    world.connect(SHOP, 5000, 4 * SECOND);
    world.tick(5 * SECOND);
    const { name, names, candidates } = world.outside(5000);
    assert.deepEqual(
      { name, names, candidates },
      {
        name: null,
        names: ['one.test', 'two.test'],
        candidates: ['one.test', 'two.test'],
      },
    );
  });

  it('names a flow whose answer is read later than the flow, and tells readers', () => {
    const world = new World();
    world.ask(SHOP, 'api.test', [a('api.test')], SECOND);
    world.connect(SHOP, 5000, SECOND + 10);
    world.tick(1.5 * SECOND, false);
    assert.deepEqual(world.outside(5000).names, []);
    const { sequence } = world.flows.table;
    world.tick(2 * SECOND);
    assert.deepEqual(world.outside(5000).names, ['api.test']);
    const changed = [...world.flows.table.changedSince(sequence)];
    assert.ok(changed.some((row) => flowJson(world.flows.table, row, 's').client.port === 5000));
  });

  it('files an answer under the pod once the inventory has it', () => {
    const world = new World([]);
    world.ask(SHOP, 'api.test', [a('api.test')], SECOND);
    world.connect(SHOP, 5000, SECOND + 10);
    world.tick(2 * SECOND);
    world.push([pod('shop', SHOP)]);
    world.tick(3 * SECOND, true, true);
    world.connect(SHOP, 5001, 3.2 * SECOND);
    world.tick(4 * SECOND);
    assert.deepEqual(world.outside(5000).names, ['api.test']);
    assert.deepEqual(world.outside(5001).names, ['api.test']);
  });

  it('tells by the asked name which Service without an address it was', () => {
    const world = new World([pod('shop', SHOP), pod('db-0', OTHER)]);
    const headless = service('db', { clusterIPs: ['None'] });
    world.flows.inventory.update(
      { reset: false, upserts: [headless, service('away', { type: 'ExternalName' })], deletedUids: [] },
      BOOT,
    );
    const [db, away] = ['db', 'away'].map((name) => `${name}.shop.svc.cluster.local`) as [string, string];
    world.ask(SHOP, db, [a(db, 5, OTHER)], SECOND);
    world.connect(SHOP, 5000, SECOND + 10, OTHER);
    const alias: Answer = { type: 'CNAME', name: away, ttl: 5, data: 'api.example' };
    world.ask(SHOP, away, [alias, a('api.example')], SECOND);
    world.connect(SHOP, 5001, SECOND + 10);
    world.tick(2 * SECOND);
    const pods = world.outside(5000);
    assert.deepEqual([pods.name, pods.names, pods.evidence], ['db-0', [db], ['pod-ip', 'dns']]);
    assert.deepEqual(world.outside(5001).names, [away]);
    const services = [5000, 5001].map((port) => world.flow(port).service);
    assert.deepEqual(
      services.map((found) => [found?.namespace, found?.name]),
      [
        ['shop', 'db'],
        ['shop', 'away'],
      ],
    );
  });

  it('takes nothing from an answer that nobody asked for', () => {
    const world = new World();
    world.ask(SHOP, 'api.test', [a('bank.test')], SECOND);
    world.connect(SHOP, 5000, SECOND + 10);
    world.tick(2 * SECOND);
    assert.deepEqual(world.outside(5000).names, []);
  });
});

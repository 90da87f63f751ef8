/**
 * The way of each kind of conversation through the lab's wiring: what is expected at each point is what was seen there, as
 * tshark has it on the same interface, and where nothing was seen the reason is the right one.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowWithPath, PathPoint } from '../../src/model/path/flowPath.ts';
import { pathText, tupleText } from '../../src/model/path/pathText.ts';
import { delay } from './commands.ts';
import { converse, prepareConversations } from './conversations.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import { Sniffer } from './truth/sniffer.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';

const GOLDEN = join(import.meta.dirname, 'paths.golden.txt');
const COLUMNS = [
  'frame.interface_name',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
];

describe('paths', () => {
  let lab: Lab;
  /** Local port of the client by what the conversation is. */
  let asked: ReadonlyMap<string, number>;
  let flows: FlowWithPath[];
  /** Packets that tshark saw, by interface and tuple. */
  let captured: Map<string, number>;

  before(async function () {
    this.timeout(120_000);
    lab = await Lab.build();
    lab.setOffloads(false);
    const { node } = lab.plan;
    await prepareConversations(lab);
    const names = interfaceStatistics(node.netns).map(({ name }) => name);
    const sniffer = await Sniffer.start(node.netns, names, 'tcp', COLUMNS);
    const observation = await Observation.start(lab, 60, undefined, ['--paths', '--node', node.name]);
    asked = converse(lab);
    await delay(1000);
    flows = (await observation.interrupt()).flows as FlowWithPath[];
    captured = countRows(await sniffer.end());
  });

  after(async () => {
    await lab.close();
  });

  function flowOf(port: number): FlowWithPath {
    const [flow, ...others] = flows.filter(
      ({ protocol, client }) => protocol === 'tcp' && client.port === port,
    );
    assert.ok(flow);
    assert.equal(others.length, 0);
    return flow;
  }

  function pointsOf({ path }: FlowWithPath): PathPoint[] {
    return [...path.request.points, ...path.reply.points];
  }

  it('everything was seen where it was expected, and nowhere else', () => {
    for (const [what, port] of asked) {
      const flow = flowOf(port);
      const text = `${what}\n${pathText(flow.path)}`;
      assert.deepEqual(flow.path.unexpected, [], text);
      assert.deepEqual(
        pointsOf(flow).filter(({ seen, attached }) => attached && seen === null),
        [],
        text,
      );
    }
  });

  it('as many packets at each point as tshark has there, and none on an interface that is not passed', () => {
    for (const [what, port] of asked) {
      const flow = flowOf(port);
      const { path } = flow;
      for (const { seen, interface: name, tuple } of pointsOf(flow)) {
        if (seen === null) continue;
        assert.equal(seen.packets, captured.get(`${name} ${tupleText(tuple)}`), `${what}: ${name}`);
      }
      const tuples = new Set(pointsOf(flow).map(({ tuple }) => tupleText(tuple)));
      for (const { interface: name } of path.bystanders) {
        for (const tuple of tuples) {
          assert.equal(captured.get(`${name} ${tuple}`), undefined, `${what}: ${name}`);
        }
      }
    }
  });

  it('the ways and the reasons are those that were found right', () => {
    const text = [...asked].map(([what, port]) => `# ${what}\n${neutral(flowOf(port), port)}`).join('\n');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, text);
    assert.equal(text, readFileSync(GOLDEN, 'utf8'));
  });

  /** Without what is another each time: names of veths, the client's port, counts. */
  function neutral(flow: FlowWithPath, port: number): string {
    const veths = lab.plan.pods.flatMap(({ name, hostInterface }) =>
      hostInterface === null ? [] : [[hostInterface, `veth-of-${name}`] as const],
    );
    return [...veths, [String(port), 'PORT'] as const]
      .reduce((text, [from, to]) => text.replaceAll(from, to), pathText(flow.path))
      .replace(/\d+ packets, \d+ bytes/g, 'counted')
      .replace(/namespace \d+ on/g, 'another namespace on');
  }
});

function countRows(rows: readonly string[][]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [
    name = '',
    source4 = '',
    destination4 = '',
    source6 = '',
    destination6 = '',
    from,
    to,
  ] of rows) {
    const tuple = tupleText({
      source: source4 === '' ? source6 : source4,
      sourcePort: Number(from),
      destination: destination4 === '' ? destination6 : destination4,
      destinationPort: Number(to),
    });
    const key = `${name} ${tuple}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** What the agent says that it costs against what bpftool says of the programs and maps that it holds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { delay, run } from './commands.ts';
import { Lab } from './lab.ts';
import { nativeProgram } from './nativePrograms.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { DropRule } from './truth/dropRules.ts';

/** Flows by the second: some in each second, also while statistics are on. */
const FLOWS = { port: 7100, count: 4000, perSecond: 800 };
/** Programs that run for a buffer at an observation point, and the one for a dropped one. */
const AT_POINTS = new Set(['ingress', 'egress']);
const AT_DROPS = 'drop';
/** The machine's own statistics may be on for somebody else for a while, and one reading is a little later. */
const TOLERANCE = 0.25;

interface BpftoolProgram {
  readonly id: number;
  readonly name?: string;
  readonly run_time_ns?: number;
  readonly run_cnt?: number;
}

interface BpftoolMap {
  readonly id: number;
  readonly bytes_memlock: number;
}

describe('what the agent costs', function () {
  this.timeout(60_000);
  let lab: Lab;
  let observed: Observed;
  let programs: readonly BpftoolProgram[];
  let mapBytes: number;

  before(async () => {
    lab = await Lab.build();
    const rule = new DropRule(lab.plan.node.netns, 'forward', `udp dport ${FLOWS.port}`);
    const sender = lab.spawn(lab.placeOf(lab.pod('client')), nativeProgram('shortFlows'), [
      'udp',
      lab.plan.outside.addresses.ipv4,
      ...[FLOWS.port, 1, FLOWS.count, FLOWS.perSecond].map(String),
    ]);
    const sent = once(sender, 'exit');
    const observation = await Observation.start(lab, 30);
    // The first second after the start is measured.
    await delay(2500);
    const objects = observation.objects();
    const held = run('bpftool', ['-j', 'prog', 'show']);
    programs = (JSON.parse(held) as BpftoolProgram[]).filter(({ id }) => objects.programs.includes(id));
    const maps = JSON.parse(run('bpftool', ['-j', 'map', 'show'])) as BpftoolMap[];
    mapBytes = maps
      .filter(({ id }) => objects.maps.includes(id))
      .reduce((sum, { bytes_memlock: bytes }) => sum + bytes, 0);
    observed = await observation.interrupt();
    await sent;
    assert.ok(rule.packets > 0);
  });

  after(async () => {
    await lab.close();
  });

  const mean = (wanted: (name: string) => boolean): number => {
    const found = programs.filter(({ name }) => wanted(name ?? ''));
    const sum = (figure: 'run_time_ns' | 'run_cnt'): number =>
      found.reduce((total, program) => total + (program[figure] ?? 0), 0);
    assert.ok(sum('run_cnt') > 100, 'bpftool knows what the programs took');
    return sum('run_time_ns') / sum('run_cnt');
  };

  const assertNear = (actual: number | null | undefined, expected: number): void => {
    assert.ok(actual !== null && actual !== undefined, 'it was measured');
    const off = Math.abs(actual / expected - 1);
    assert.ok(off < TOLERANCE, `${actual.toFixed(1)}, bpftool has ${expected.toFixed(1)}`);
  };

  it('has the time of the programs at interfaces and of the one for drops', () => {
    const { cost } = observed.ledger;
    assertNear(
      cost?.nanosecondsPerPacket,
      mean((name) => AT_POINTS.has(name)),
    );
    assertNear(
      cost?.nanosecondsPerDrop,
      mean((name) => name === AT_DROPS),
    );
    assert.ok((cost?.programsCpu ?? 0) > 0 && (cost?.programsCpu ?? 1) < 1);
  });

  it('has the kernel’s memory of all maps, and how full the flow map was', () => {
    const { cost } = observed.ledger;
    assertNear(cost?.kernelMapBytes, mapBytes);
    // Preallocated: both halves by themselves.
    assert.ok((cost?.kernelMapBytes ?? 0) > 2 * (cost?.mapCapacity ?? Infinity) * 400);
    const peak = cost?.mapPeak ?? 0;
    assert.ok(peak > FLOWS.perSecond / 8 && peak < FLOWS.count, `${peak} flows in one drain`);
  });
});

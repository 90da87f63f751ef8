/** What is aimed at for the collector, each beside the figure of this run. */
import { figure } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { ContenderName } from './contenders.ts';
import { titleOf } from './plan.ts';
import type { Plan } from './plan.ts';
import type { Metric, Samples } from './samples.ts';
import { FLOWS, WORKLOADS } from './workloads.ts';
import type { Workload } from './workloads.ts';

/** Net of the empty program, of the bare counter in its faster form. */
const HOOK_RATIO = 1.3;
const HOOK_RATIO_NETOBSERV = 0.5;
const HOOK_WORKLOADS = ['hot', 'short', 'new'] as const;
const LEAST_RATE: Readonly<Partial<Record<Workload, number>>> = { hot: 0.9, short: 0.92, new: 0.75 };
const MOST_LATENCY: readonly [Metric & ('p50' | 'p99'), number][] = [
  ['p50', 1.1],
  ['p99', 1.3],
];
/** Microseconds of CPU in user space. */
const MOST_CPU = 5;
/** MB of process and maps together, once the flows are known; the peak is in the table. */
const MOST_GROWTH = 60;

export function aims(plan: Plan, samples: Samples): Figure[] {
  if (!plan.contenders.includes('collector')) return [];
  return [
    ...hookAims(samples, 'bare', HOOK_RATIO),
    ...hookAims(samples, 'bare-growing', null),
    ...hookAims(samples, 'netobserv', HOOK_RATIO_NETOBSERV),
    ...rateAims(plan, samples),
    ...agentAims(samples),
  ];
}

function hookAims(samples: Samples, other: ContenderName, most: number | null): Figure[] {
  return HOOK_WORKLOADS.flatMap((workload) => {
    const floor = samples.median('empty', workload, 'ns');
    const ours = samples.median('collector', workload, 'ns');
    const theirs = samples.median(other, workload, 'ns');
    if (floor === null || ours === null || theirs === null) return [];
    const ratio = (ours - floor) / (theirs - floor);
    const what = `hook, ${WORKLOADS[workload]}: collector to ${titleOf(other)}`;
    const value = `${ratio.toFixed(2)} (${(ours - floor).toFixed(0)} to ${(theirs - floor).toFixed(0)} ns)`;
    return most === null ? [figure(what, value)] : [figure(what, value, `<= ${most}`, ratio <= most)];
  });
}

function rateAims(plan: Plan, samples: Samples): Figure[] {
  const rates = plan.workloads.flatMap((workload) => {
    const share = samples.median('collector', workload, 'rate');
    if (share === null || workload === 'ping') return [];
    const least = LEAST_RATE[workload];
    const what = `throughput with the collector to without, ${WORKLOADS[workload]}`;
    return [
      least === undefined
        ? figure(what, share.toFixed(2))
        : figure(what, share.toFixed(2), `>= ${least}`, share >= least),
    ];
  });
  const latencies = MOST_LATENCY.flatMap(([metric, most]) => {
    const share = samples.median('collector', 'ping', metric);
    if (share === null) return [];
    const what = `${WORKLOADS.ping}, ${metric} with the collector to without`;
    return [figure(what, share.toFixed(2), `<= ${most}`, share <= most)];
  });
  return [...rates, ...latencies];
}

function agentAims(samples: Samples): Figure[] {
  const figures: Figure[] = [];
  const cpu = samples.median('collector', 'new', 'cpu');
  if (cpu !== null) {
    const each = (cpu * 1e6) / FLOWS.new;
    figures.push(
      figure('agent CPU a flow record', `${each.toFixed(1)} us`, `<= ${MOST_CPU} us`, each <= MOST_CPU),
    );
  }
  const growth = samples.median('collector', 'all', 'growth');
  if (growth !== null) {
    const what = 'agent and map memory, growth with 100,000 flows';
    figures.push(figure(what, `${growth.toFixed(0)} MB`, `<= ${MOST_GROWTH} MB`, growth <= MOST_GROWTH));
  }
  const peak = samples.median('collector', 'all', 'peakGrowth');
  if (peak !== null) figures.push(figure('the same at its peak', `${peak.toFixed(0)} MB`));
  const uncounted = samples.all('collector', 'all', 'uncounted');
  if (uncounted.length > 0) {
    figures.push(
      figure(
        'packets not counted, each round',
        uncounted.join(', '),
        '0',
        uncounted.every((count) => count === 0),
      ),
    );
  }
  return figures;
}

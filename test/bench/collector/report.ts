/** The comparison as tables, contenders beside each other, and our figures against what is aimed at. */
import { markdown } from '../figures.ts';
import type { Result } from '../figures.ts';
import { aims } from './aims.ts';
import { titleOf } from './plan.ts';
import type { Plan } from './plan.ts';
import type { ContenderName } from './contenders.ts';
import type { Metric, Samples } from './samples.ts';
import { FLOWS, HOT_PACKETS, WORKLOADS } from './workloads.ts';

export function report(plan: Plan, samples: Samples): Result {
  const { measures } = plan;
  const tables: string[] = [];
  if (measures.includes('ns')) tables.push(hookTable(plan, samples));
  if (measures.includes('rate')) tables.push(rateTable(plan, samples));
  if (measures.includes('agent')) tables.push(agentTable(plan, samples));
  return { tables, figures: aims(plan, samples) };
}

function titled(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${title}\n\n${markdown([head, ...rows])}`;
}

function hookTable(plan: Plan, samples: Samples): string {
  const cell = (name: ContenderName, workload: Plan['workloads'][number]): string => {
    const [total, floor] = [samples.median(name, workload, 'ns'), samples.median('empty', workload, 'ns')];
    if (total === null || floor === null) return '-';
    return name === 'empty'
      ? total.toFixed(0)
      : `${(total - floor).toFixed(0)}${range(samples.all(name, workload, 'ns'), floor)}`;
  };
  return titled(
    "ns a packet takes in a hook, net of the empty program (whose own figure is whole), by the kernel's program statistics. Median [least-most].",
    ['', ...plan.workloads.map((workload) => WORKLOADS[workload])],
    plan.contenders.map((name) => [titleOf(name), ...plan.workloads.map((workload) => cell(name, workload))]),
  );
}

function range(values: readonly number[], floor: number): string {
  return ` [${(Math.min(...values) - floor).toFixed(0)}-${(Math.max(...values) - floor).toFixed(0)}]`;
}

function rateTable(plan: Plan, samples: Samples): string {
  const columns = plan.workloads.flatMap((workload): [Plan['workloads'][number], Metric, string][] =>
    workload === 'ping'
      ? [
          [workload, 'p50', `${WORKLOADS[workload]}, p50`],
          [workload, 'p99', 'p99'],
        ]
      : [[workload, 'rate', WORKLOADS[workload]]],
  );
  const cell = (name: ContenderName, [workload, metric]: (typeof columns)[number]): string => {
    const values = samples.all(name, workload, metric);
    const middle = samples.median(name, workload, metric);
    if (middle === null) return '-';
    return `${middle.toFixed(2)} [${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)}]`;
  };
  return titled(
    'Throughput and time of a round trip, as a share of the run without any just before. Median [least-most].',
    ['', ...columns.map(([, , title]) => title)],
    plan.contenders.map((name) => [titleOf(name), ...columns.map((column) => cell(name, column))]),
  );
}

function agentTable(plan: Plan, samples: Samples): string {
  const text = (value: number | null, digits: number, factor = 1): string =>
    value === null ? '-' : (value * factor).toFixed(digits);
  const row = (name: ContenderName): string[] => {
    const all = (metric: Metric): number | null => samples.median(name, 'all', metric);
    return [
      titleOf(name),
      text(all('idleCpu'), 1, 100),
      text(samples.median(name, 'new', 'cpu'), 2, 1e6 / FLOWS.new),
      text(samples.median(name, 'short', 'cpu'), 2, 1e6 / FLOWS.short),
      text(samples.median(name, 'hot', 'cpu'), 0, 1e9 / HOT_PACKETS),
      text(all('fixedMemory'), 0),
      `${text(all('growth'), 0)} (${text(all('peakGrowth'), 0)})`,
      `${text(all('uncounted'), 0)} of ${text(all('passed'), 0)}`,
      text(all('admitted'), 0),
    ];
  };
  return titled(
    [
      'User space: CPU net of idle, memory of process and maps, packets not counted (of an event or capture program: at each hook).',
      'The collector keeps a new flow, and prints a short connection, which has ended, as JSON; NetObserv exports both by gRPC.',
    ].join('\n'),
    [
      '',
      'idle, % of a CPU',
      'us a new flow',
      'us a short connection',
      'ms a million packets',
      'MB idle',
      'MB more after 100,000 flows (peak)',
      'not counted',
      'said to be lost',
    ],
    plan.contenders.filter((name) => name !== 'empty').map(row),
  );
}

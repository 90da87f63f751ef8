/** What the agent's process costs while it keeps many flows: CPU over some seconds, and resident memory. */
import { readFileSync } from 'node:fs';
import { run } from '../lab/commands.ts';
import { Lab } from '../lab/lab.ts';
import { Observation, SHIPPED_COMMAND } from '../lab/observe.ts';
import { figure } from './figures.ts';
import type { Figure } from './figures.ts';
import { prepare, spray } from './spray.ts';
import type { Spray } from './spray.ts';

/** Number of flows as local sockets times ports. */
const SIZES = [
  { sockets: 1, ports: 1000 },
  { sockets: 1, ports: 10_000 },
  { sockets: 4, ports: 25_000 },
];
const SECONDS = 8;
const MEMORY_AIM = 120;

export async function measureAgent(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of SIZES) {
    const lab = await Lab.build();
    try {
      prepare(lab);
      figures.push(...(await measureSize(lab, size)));
    } finally {
      await lab.close();
    }
  }
  return figures;
}

async function measureSize(lab: Lab, size: Spray): Promise<Figure[]> {
  const flows = size.sockets * size.ports;
  const observation = await Observation.start(lab, 600, SHIPPED_COMMAND);
  const idle = resident(observation.pid);
  // The first pass makes the flows known, the second gives each a packet while the CPU is watched.
  const readings: { cpu: number; time: number }[] = [];
  await spray(lab, size, [50, flows / (SECONDS * 1000)], () => {
    readings.push({ cpu: cpuSeconds(observation.pid), time: performance.now() / 1000 });
  });
  const [first, last] = [readings[0], readings.at(-1)];
  if (!first || !last) throw new Error('nothing was read');
  const share = (last.cpu - first.cpu) / (last.time - first.time);
  const memory = resident(observation.pid);
  const peak = status(observation.pid, 'VmHWM');
  await observation.kill();
  const within = flows < 100_000 ? null : memory <= MEMORY_AIM;
  return [
    figure(
      `agent CPU, ${flows} flows of which all get packets within ${SECONDS} s`,
      `${(share * 100).toFixed(1)} % of one CPU`,
    ),
    figure(
      `agent memory, ${flows} flows`,
      `${memory.toFixed(0)} MB (peak ${peak.toFixed(0)}, without flows ${idle.toFixed(0)})`,
      flows < 100_000 ? null : `<= ${MEMORY_AIM} MB`,
      within,
    ),
  ];
}

function resident(pid: number): number {
  return status(pid, 'VmRSS');
}

/** A size in /proc/PID/status, in MB. */
function status(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / Number(run('getconf', ['CLK_TCK']));
}

/** Which programs are at the hooks, an id for every hook. What a process merely holds may be a probe, or never attached. */
import { readdirSync } from 'node:fs';
import { runIn } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeInterfaces } from './nodeInterfaces.ts';
import { readIfThere } from './procFile.ts';

/** By TCX links that the process holds. */
export function linkedPrograms(pid: number): number[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((descriptor) => {
    const text = readIfThere(`${folder}/${descriptor}`);
    const id = /^prog_id:\s*(\d+)/m.exec(text)?.[1];
    return /^link_type:\s*tcx$/m.test(text) && id !== undefined ? [Number(id)] : [];
  });
}

/** By legacy filters in the node's namespace, where only the contender attaches any. */
export function filterPrograms(lab: Lab): number[] {
  const [shown] = JSON.parse(runIn(lab.plan.node.netns, 'bpftool', ['-j', 'net', 'show'])) as {
    tc: { id: number }[];
  }[];
  return (shown?.tc ?? []).map(({ id }) => id);
}

/** Takes legacy filters off the node's interfaces, which outlive a contender that was killed: the next one would be taken for it. */
export function removeFilters(lab: Lab): void {
  for (const name of nodeInterfaces(lab)) {
    for (const hook of ['ingress', 'egress']) {
      const place = ['filter', 'show', 'dev', name, hook];
      if (runIn(lab.plan.node.netns, 'tc', place).trim() === '') continue;
      runIn(lab.plan.node.netns, 'tc', ['filter', 'del', 'dev', name, hook]);
    }
  }
}

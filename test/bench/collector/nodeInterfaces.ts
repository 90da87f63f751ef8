import type { Lab } from '../../lab/lab.ts';
import { interfaceStatistics } from '../../lab/truth/interfaceStatistics.ts';

/** Names of the node's interfaces but loopback, where nothing of the bench passes. */
export function nodeInterfaces(lab: Lab): string[] {
  return interfaceStatistics(lab.plan.node.netns)
    .map(({ name }) => name)
    .filter((name) => name !== 'lo');
}

import type { NetworkStep, PodNetwork } from './networkStep.ts';

/** The steps as text, for a terminal and to be copied. */
export function podNetworkText(network: PodNetwork): string {
  const { pod, node, steps, notes } = network;
  return [
    `How ${pod.namespace}/${pod.name} on ${node} got its network`,
    ...steps.map((step, index) => stepText(step, index + 1, steps)),
    ...notes,
  ].join('\n\n');
}

function stepText(step: NetworkStep, number: number, all: readonly NetworkStep[]): string {
  const { title, scope, sentence, commands, findings, inferred, look } = step;
  const lines = [
    `${number}. ${title}${scope === 'node' ? ' (once for the node)' : ''}`,
    sentence,
    ...commands.map((command) => `# ${command}`),
    ...findings.map(({ name, value }) => `${name}: ${value}`),
    inferred === null ? '' : `Inferred: ${inferred}`,
    needsText(step, all),
    `See: ${look.join(' ; ')}`,
  ];
  return lines
    .filter(Boolean)
    .map((line, index) => (index === 0 ? line : `   ${line}`))
    .join('\n');
}

function needsText({ needs }: NetworkStep, all: readonly NetworkStep[]): string {
  const numbers = stepNumbers(needs, all);
  if (numbers.length === 0) return '';
  return `After: ${numbers.length === 1 ? 'step' : 'steps'} ${numbers.join(', ')}`;
}

/** Numbers of the steps of these kinds, counted from 1. */
export function stepNumbers(kinds: NetworkStep['needs'], all: readonly NetworkStep[]): number[] {
  return all.flatMap(({ kind }, index) => (kinds.includes(kind) ? [index + 1] : []));
}

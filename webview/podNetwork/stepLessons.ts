import type { Lesson } from '../../src/model/lessons.ts';
import type { NetworkStep, StepKind } from '../../src/model/podNetwork/networkStep.ts';

const LESSON_OF: Readonly<Record<StepKind, Lesson | null>> = {
  namespace: 'namespace',
  'veth-pair': 'veth',
  device: null,
  move: 'move',
  address: 'address',
  up: null,
  'bridge-port': 'bridge',
  programs: 'programs',
  'pod-routes': 'route',
  'node-route': null,
  'other-nodes': 'uplink',
  'host-network': 'host-network',
};

/** What a step teaches; of several that teach the same the first. */
export function lessonOfStep(step: NetworkStep, all: readonly NetworkStep[]): Lesson | null {
  const lesson = teaches(step);
  return all.find((one) => teaches(one) === lesson) === step ? lesson : null;
}

function teaches({ kind, findings }: NetworkStep): Lesson | null {
  const isThroughTunnel = kind === 'other-nodes' && findings.some(({ name }) => name === 'Tunnel');
  return isThroughTunnel ? 'tunnel' : LESSON_OF[kind];
}

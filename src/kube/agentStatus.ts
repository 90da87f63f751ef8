import type { Problem } from './errors.ts';
import type { ContainerStatusObject, PodObject } from './objects.ts';

/** Where an agent's pod stands. */
export type AgentPodStatus =
  | { readonly phase: 'waiting'; readonly status: string }
  | { readonly phase: 'running' }
  | { readonly phase: 'failed'; readonly problem: Problem };

/** Reasons of a waiting container that no waiting will cure. */
const IMAGE_REASONS = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
const START_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

export function agentPodStatus(pod: PodObject): AgentPodStatus {
  const where = `pod ${pod.metadata?.namespace ?? ''}/${pod.metadata?.name ?? ''} on node ${pod.spec?.nodeName ?? '?'}`;
  const container = pod.status?.containerStatuses?.[0];
  const waiting = container?.state?.waiting;
  const image = pod.spec?.containers[0]?.image ?? '';
  const failed = (kind: Problem['kind'], what: string, why: string, next: string): AgentPodStatus => ({
    phase: 'failed',
    problem: { kind, what, where, why, next },
  });
  const end = container?.state?.terminated;
  if (end?.reason === 'StartError') {
    const next = 'Set vethscope.agent.image to a Linux image with Node 24, sh and tar.';
    return failed('agent', "The agent's container cannot be started", end.message ?? end.reason, next);
  }
  const ended = endOf(container);
  if (ended !== null) {
    return failed('agent', 'The agent ended', ended, 'Choose Restart; the log shows what the agent said.');
  }
  if (pod.status?.phase === 'Failed') {
    const why = [pod.status.reason, pod.status.message].filter(Boolean).join(': ');
    const next = 'Free resources on the node or choose another, then choose Restart.';
    return failed('unschedulable', 'The node refused the agent', why, next);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    return failed('agent', 'The agent is being deleted', 'someone deleted its pod', 'Choose Restart.');
  }
  if (waiting?.reason !== undefined && IMAGE_REASONS.has(waiting.reason)) {
    const next = 'Set vethscope.agent.image to an image that the node can pull.';
    return failed('image', `The image ${image} cannot be pulled`, waiting.message ?? waiting.reason, next);
  }
  if (waiting?.reason !== undefined && START_REASONS.has(waiting.reason)) {
    const why = waiting.message ?? waiting.reason;
    return failed('agent', "The agent's container cannot be started", why, 'Look at the node and the image.');
  }
  if (pod.status?.phase === 'Running' && container?.state?.running !== undefined) return { phase: 'running' };
  return { phase: 'waiting', status: waitingText(pod, waiting?.reason, waiting?.message) };
}

function waitingText(pod: PodObject, reason: string | undefined, message: string | undefined): string {
  const node = pod.spec?.nodeName ?? '?';
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return `Waiting for a place on ${node}: ${scheduled.message ?? ''}`;
  if (pod.status?.conditions === undefined) return `Waiting for the kubelet of ${node}…`;
  if (reason === undefined || reason === 'ContainerCreating') return `Starting the agent on ${node}…`;
  return `Starting the agent on ${node}: ${message ?? reason}`;
}

/** How the container ended, in words; null while it has not. */
function endOf(container: ContainerStatusObject | undefined): string | null {
  const end = container?.state?.terminated;
  if (end === undefined) return null;
  const said = (end.message ?? '').trim().split('\n').slice(-3).join(' ').slice(-500);
  if (end.reason === 'OOMKilled') return 'it used more memory than its limit and was killed';
  const how = end.signal ? `signal ${end.signal}` : `exit code ${end.exitCode}`;
  return said === '' ? `${how}${end.reason ? ` (${end.reason})` : ''}` : `${said} (${how})`;
}

import { Code, ConnectError } from '@connectrpc/connect';
import { KubeError, type Problem, type ProblemKind } from '../kube/errors.ts';
import type { HelloResponse } from '../model/wire/generated/vethscope_pb.js';

/** Problems of a transport that another attempt may find gone. */
const PASSING: readonly ProblemKind[] = ['unreachable', 'timeout', 'server', 'cancelled', 'local'];

/** Whether no second attempt would go better. */
export function isFatal(reason: unknown): boolean {
  if (reason instanceof ConnectError) {
    return [Code.Unauthenticated, Code.PermissionDenied, Code.Unimplemented].includes(reason.code);
  }
  return reason instanceof KubeError && !PASSING.includes(reason.problem.kind);
}

/** Why the connection to an agent ended, in words. */
export function connectionProblem(reason: unknown, where: string): Problem {
  if (reason instanceof KubeError) return reason.problem;
  const why = reason instanceof Error ? reason.message : String(reason);
  if (isFatal(reason)) {
    const next = 'Stop the session and start it again.';
    return { kind: 'agent', what: 'The agent refuses this session', where, why, next };
  }
  const next = 'It is opened again by itself.';
  return { kind: 'unreachable', what: 'The connection to the agent broke', where, why, next };
}

export function otherVersion(
  hello: HelloResponse,
  version: string,
  protocol: number,
  where: string,
): KubeError {
  return new KubeError({
    kind: 'agent',
    what: 'The agent speaks another version of the protocol',
    where,
    why: `the agent ${hello.agentVersion} speaks ${hello.protocolVersion}, this extension ${version} speaks ${protocol}`,
    next: 'Choose Remove Agents…, update the extension, then start again.',
  });
}

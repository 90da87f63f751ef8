import { randomUUID } from 'node:crypto';
import { ConnectError } from '@connectrpc/connect';
import { KubeError } from '../kube/errors.ts';
import type { AgentLink } from './agentLink.ts';
import type { CaptureEnd, CaptureQuestion, TakeCapture } from './types.ts';

/** How long an agent may take to end a capture, milliseconds. */
const ENDING = 10_000;

/**
 * Reads a capture to its end. Once `stop` is aborted the agent is asked to end it, so that what is on its way and the
 * last counts still come. @throws KubeError
 */
export async function readCapture(
  link: AgentLink | null,
  where: string,
  question: CaptureQuestion,
  take: TakeCapture,
  stop: AbortSignal,
): Promise<CaptureEnd> {
  if (link === null) throw failure(where, 'there is no connection to the agent');
  const id = randomUUID();
  const over = new AbortController();
  const signal = AbortSignal.any([link.signal, over.signal]);
  const end = (): void => {
    link.client
      .endCapture({ id }, { signal, timeoutMs: ENDING })
      .catch((error: unknown) => over.abort(error));
  };
  try {
    for await (const { pcapng, counts, ended } of link.client.capture(requestOf(id, question), { signal })) {
      if (stop.aborted) end();
      else stop.addEventListener('abort', end, { once: true });
      await take(pcapng, {
        packets: Number(counts?.packets ?? 0n),
        truncated: Number(counts?.truncated ?? 0n),
        lost: Number(counts?.lost ?? 0n),
      });
      if (ended !== '') return ended as CaptureEnd;
    }
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error;
    if (reason instanceof ConnectError) throw failure(where, reason.rawMessage, reason);
    // What could not be written is told by whoever writes.
    if (!signal.aborted) throw reason;
    throw failure(where, reason instanceof Error ? reason.message : String(reason), reason);
  } finally {
    stop.removeEventListener('abort', end);
  }
  throw failure(where, 'the agent ended it');
}

function requestOf(id: string, { netns, interfaces, filter, mostPackets, mostSeconds }: CaptureQuestion) {
  const { addresses, ports, protocols } = filter;
  return {
    ...{ id, netns: BigInt(netns), interfaces: [...interfaces] },
    ...{ addresses: [...addresses], ports: [...ports], protocols: [...protocols] },
    ...{ mostPackets: BigInt(mostPackets ?? 0), mostSeconds: mostSeconds ?? 0 },
  };
}

function failure(where: string, why: string, cause?: unknown): KubeError {
  const problem = { kind: 'agent', what: 'The capture failed', where, why } as const;
  return new KubeError(
    { ...problem, next: 'What was captured until then is kept. Capture again.' },
    { cause },
  );
}

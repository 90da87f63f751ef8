import type { Duplex } from 'node:stream';
import type { Problem } from '../kube/errors.ts';
import type { Disposable } from '../kube/listeners.ts';

/** A running agent and the way to it. One transport is one agent process: when that ends, the transport is over. */
export interface Transport {
  /** Sent as `authorization: Bearer` with every call. */
  readonly token: string;
  /** Namespace and name of the Job it runs in; null for a process of this machine. */
  readonly deployedName: string | null;
  /** A new connection to the agent's listener; may be called again after one broke. @throws KubeError */
  open(signal: AbortSignal): Promise<Duplex>;
  /** Called once when the agent ended by itself or was ended from outside. */
  onEnd(listener: (problem: Problem) => void): Disposable;
  /** What the agent last wrote, for messages; empty when unknown. */
  logTail(): Promise<string>;
  /** Ends the agent and resolves when nothing of it is left. @throws KubeError with what is left */
  close(): Promise<void>;
}

import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';

/** A name that rows refer to by its number, with how many do. */
export interface UsedName {
  readonly id: number;
  uses: number;
}

/**
 * An endpoint with what is asked of it for each new flow, so that nothing has to be looked up: the same object each time
 * the same is said of an end.
 */
export class KnownEndpoint {
  readonly endpoint: Endpoint;
  /** As rows refer to it, since one did. */
  name: UsedName | null = null;
  /** The same end where conntrack, or Cilium, says that it answered for another address. */
  answered: KnownEndpoint | null = null;
  answeredByCilium: KnownEndpoint | null = null;
  /** The same end with the names that it had from DNS last. */
  named: { readonly names: readonly string[]; readonly known: KnownEndpoint } | null = null;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }
}

/** Who one end of a flow is. */
export interface Identity {
  readonly endpoint: Endpoint;
  readonly known: KnownEndpoint;
  /** The Service that this end's address and port stand for. */
  readonly service: ServiceReference | null;
  /** The Service with that port as an endpoint, for the wire. */
  readonly serviceEndpoint: KnownEndpoint | null;
  /** Whether the next look at sockets and cgroups may tell more. */
  readonly pending: boolean;
}

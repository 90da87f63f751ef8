import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { ServiceReference } from '../../../src/model/flow.ts';

/** Who one end of a flow is. */
export interface Identity {
  readonly endpoint: Endpoint;
  /** The Service that this end's address and port stand for. */
  readonly service: ServiceReference | null;
  /** The Service as an endpoint, for the wire. */
  readonly serviceEndpoint: Endpoint | null;
  /** Whether the next look at sockets and cgroups may tell more. */
  readonly pending: boolean;
}

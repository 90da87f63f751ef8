import type { Endpoint } from '../../../src/model/endpoint.ts';
import { Names } from './names.ts';
import type { Carrier } from './tunnelRegistry.ts';

/** The names that rows refer to. */
export class FlowNames {
  readonly endpoints = new Names<Endpoint>();
  readonly addresses = new Names<string>();
  readonly carriers = new Names<Carrier>();
  /** Made once for each endpoint that is asked for again and again. */
  readonly #keys = new WeakMap<Endpoint, string>();

  useEndpoint(endpoint: Endpoint): number {
    return this.endpoints.use(this.#key(endpoint), () => endpoint);
  }

  useAddress(address: string): number {
    return this.addresses.use(address, () => address);
  }

  useCarrier(carrier: Carrier): number {
    const { tunnel, sourcePort, flow } = carrier;
    return this.carriers.use(`${tunnel.id}/${sourcePort}/${flow}`, () => carrier);
  }

  #key(endpoint: Endpoint): string {
    const known = this.#keys.get(endpoint);
    if (known !== undefined) return known;
    const key = endpointKey(endpoint);
    this.#keys.set(endpoint, key);
    return key;
  }
}

/** Everything that tells one endpoint from another. */
function endpointKey(endpoint: Endpoint): string {
  const { kind, namespace, name, uid, container, workload, node, address, names, evidence, candidates } =
    endpoint;
  const parts = [kind, namespace, name, uid, container, workload?.kind, workload?.name, node, address];
  return [...parts, names.join(), evidence.join(), candidates.join()].join('\n');
}

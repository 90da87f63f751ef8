import type { Endpoint } from '../../../src/model/endpoint.ts';
import { addressText, isMapped } from '../identity/address.ts';
import { Names } from './names.ts';
import type { Carrier } from './tunnelRegistry.ts';

/** The names that rows refer to. */
export class FlowNames {
  readonly endpoints = new Names<Endpoint>();
  readonly addresses = new Names<string>();
  readonly carriers = new Names<Carrier>();
  /** The last id of each endpoint that is asked for again and again. */
  readonly #ids = new WeakMap<Endpoint, number>();

  useEndpoint(endpoint: Endpoint): number {
    const known = this.#ids.get(endpoint);
    if (known !== undefined && this.endpoints.useAgain(known)) return known;
    const id = this.endpoints.use(endpointKey(endpoint), () => endpoint);
    this.#ids.set(endpoint, id);
    return id;
  }

  /** @param offset of 16 bytes in network order */
  useAddress(view: DataView, offset: number): number {
    const text = (): string => addressText(view, offset);
    // Most are known already, and the text of one costs more than to find it.
    const key = isMapped(view, offset) ? view.getUint32(offset + 12) : text();
    return this.addresses.use(key, text);
  }

  useCarrier(carrier: Carrier): number {
    const { tunnel, sourcePort, flow } = carrier;
    return this.carriers.use(`${tunnel.id}/${sourcePort}/${flow}`, () => carrier);
  }
}

/** Everything that tells one endpoint from another. */
function endpointKey(endpoint: Endpoint): string {
  const { kind, namespace, name, uid, container, workload, node, address, names, evidence, candidates } =
    endpoint;
  const parts = [kind, namespace, name, uid, container, workload?.kind, workload?.name, node, address];
  return [...parts, names.join(), evidence.join(), candidates.join()].join('\n');
}

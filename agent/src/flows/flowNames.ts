import type { Endpoint } from '../../../src/model/endpoint.ts';
import { addressText, isMapped } from '../identity/address.ts';
import type { KnownEndpoint } from '../identity/identity.ts';
import { Names } from './names.ts';
import type { Carrier } from './tunnelRegistry.ts';

/** The names that rows refer to. */
export class FlowNames {
  readonly endpoints = new Names<Endpoint>();
  readonly addresses = new Names<string>();
  readonly carriers = new Names<Carrier>();

  /** @param known of one table's flows alone */
  useEndpoint(known: KnownEndpoint): number {
    // One that nobody uses is forgotten: another one with its key would have another number.
    if (known.name !== null && known.name.uses > 0) known.name.uses += 1;
    else known.name = this.endpoints.use(endpointKey(known.endpoint), () => known.endpoint);
    return known.name.id;
  }

  /** @param offset of 16 bytes in network order */
  useAddress(view: DataView, offset: number): number {
    const text = (): string => addressText(view, offset);
    // Most are known already, and the text of one costs more than to find it.
    const key = isMapped(view, offset) ? view.getInt32(offset + 12) : text();
    return this.addresses.use(key, text).id;
  }

  /** The id of an address, of any family, that some row has; undefined where none has it. */
  addressId(address: string): number | undefined {
    return this.addresses.idOf(ipv4Number(address) ?? address);
  }

  useCarrier(carrier: Carrier): number {
    const { tunnel, sourcePort, flow } = carrier;
    return this.carriers.use(`${tunnel.id}/${sourcePort}/${flow}`, () => carrier).id;
  }
}

/** As the address is read from a record, signed so that it is a small integer; undefined for IPv6. */
function ipv4Number(address: string): number | undefined {
  const octets = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)?.slice(1).map(Number);
  return octets?.reduce((number, octet) => (number << 8) | octet, 0);
}

/** Everything that tells one endpoint from another. */
function endpointKey(endpoint: Endpoint): string {
  const { kind, namespace, name, uid, container, workload, node, address, names, evidence, candidates } =
    endpoint;
  const parts = [kind, namespace, name, uid, container, workload?.kind, workload?.name, node, address];
  return [...parts, names.join(), evidence.join(), candidates.join()].join('\n');
}

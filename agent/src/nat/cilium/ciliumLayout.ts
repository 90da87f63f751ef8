/**
 * Cilium's own maps, as far as they are read, and the byte offsets of their keys and values: those of
 * bpf/lib/common.h, bpf/lib/maps.h, bpf/lib/nat.h and bpf/bpf_sock.c of Cilium 1.15. Addresses and ports are in network order, the rest in
 * the host's; every platform we ship for is little-endian.
 */

/** A map by the name of its pin. Its sizes must be these, else its layout is not known. */
export interface MapLayout {
  readonly pin: string;
  readonly keySize: number;
  readonly valueSize: number;
  /** Looked up by the longest prefix. */
  readonly isTrie?: true;
}

/** Below the root of the node's BPF file system. */
export const GLOBALS = 'tc/globals';

export const MAPS = {
  /** Connections, those to Services among them; TCP has a map of its own. */
  tcp: { pin: 'cilium_ct4_global', keySize: 14, valueSize: 56 },
  other: { pin: 'cilium_ct_any4_global', keySize: 14, valueSize: 56 },
  backends: { pin: 'cilium_lb4_backends_v3', keySize: 4, valueSize: 12 },
  /** What was asked, by the number that connections have of it. */
  asked: { pin: 'cilium_lb4_reverse_nat', keySize: 2, valueSize: 6 },
  /** Sources that were changed. Only there when Cilium does that. */
  sources: { pin: 'cilium_snat_v4_external', keySize: 14, valueSize: 40 },
  /** What sockets asked that were connected elsewhere. Only there with socket load balancing. */
  sockets: { pin: 'cilium_lb4_reverse_sk', keySize: 16, valueSize: 8 },
  /** Whose an address is. */
  addresses: { pin: 'cilium_ipcache', keySize: 24, valueSize: 12, isTrie: true },
} as const satisfies Readonly<Record<string, MapLayout>>;

export type MapName = keyof typeof MAPS;
/** Without one of these nothing can be joined. */
export const REQUIRED: readonly MapName[] = ['tcp', 'other', 'backends', 'asked'];
/** Translations are read as well without it. */
export const ASIDE: readonly MapName[] = ['addresses'];

/**
 * `struct ipv4_ct_tuple`. What `first` and `second` are depends on the entry, as do the ports: its own names fit none of
 * them.
 */
export const TUPLE_KEY = {
  firstAddress: 0,
  secondAddress: 4,
  firstPort: 8,
  secondPort: 10,
  protocol: 12,
  flags: 13,
};

/** TUPLE_F_ */
export const TUPLE_FLAG = { outgoing: 0, incoming: 1, service: 4 } as const;

/** `struct ct_entry` */
export const CONNECTION = {
  /** uint64, of which uint32 is an id in `backends`; of entries with the flag `service` alone */
  backend: 8,
  /** uint16, CONNECTION_FLAG */
  flags: 36,
  /** 2 bytes, a key of `asked`; zeros where nothing was translated */
  asked: 38,
} as const;

/** `loopback`: a pod reaches itself through a Service, so that its packets come from another address than its own. */
export const CONNECTION_FLAG = { loopback: 1 << 3 } as const;

/** `struct lb4_backend` */
export const BACKEND = { address: 0, port: 4 } as const;
/** `struct lb4_reverse_nat` */
export const ASKED = { address: 0, port: 4 } as const;
/** `struct ipv4_nat_entry` */
export const SOURCE = { address: 32, port: 36 } as const;
/** `struct ipv4_revnat_tuple` */
export const SOCKET_KEY = { cookie: 0, address: 8, port: 12 } as const;
/** `struct ipcache_key`: a prefix of the first 4 bytes behind its length and of the address; the family is 1 for IPv4 */
export const ADDRESS_KEY = { prefixLength: 0, family: 7, address: 8 } as const;
/** `struct remote_endpoint_info`; the node that an address is reached by, 0 for its own and this node's */
export const ADDRESS_OWNER = { identity: 0, node: 4 } as const;
/** pkg/identity: REMOTE_NODE_ID */
export const REMOTE_NODE = 6;
/** `struct ipv4_revnat_entry` */
export const SOCKET_ASKED = { address: 0, port: 4 } as const;

import type { PodReference } from '../../../src/model/topology.ts';
import type { SocketClues } from './socketOwners.ts';

/** One end of a flow, as far as the packets tell. */
export interface Question {
  readonly address: string;
  readonly port: number;
  /** tcp, udp ... */
  readonly protocol: string;
  /** Time of the flow's first packet, milliseconds since the epoch. */
  readonly when: number;
  /** Inode of the namespace where it was seen. */
  readonly netns: number;
  /** The pod of the veth that the packet came from or went to on this end's side. */
  readonly vethPod: PodReference | null;
  /** What tells of the socket at this end; null where nothing does. */
  readonly socket: SocketClues | null;
}

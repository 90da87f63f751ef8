/** What the interfaces themselves counted, in kernel buffers: a segmentation-offload buffer is one. */
import { run } from '../commands.ts';

export interface InterfaceCount {
  readonly name: string;
  readonly ifindex: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
}

interface IpLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly stats64: Readonly<Record<'rx' | 'tx', { readonly packets: number; readonly bytes: number }>>;
}

export function interfaceStatistics(netns: string): InterfaceCount[] {
  const links = JSON.parse(run('ip', ['-n', netns, '-j', '-s', 'link'])) as IpLink[];
  return links.map((link) => ({
    name: link.ifname,
    ifindex: link.ifindex,
    receivedPackets: link.stats64.rx.packets,
    receivedBytes: link.stats64.rx.bytes,
    sentPackets: link.stats64.tx.packets,
    sentBytes: link.stats64.tx.bytes,
  }));
}

import { IP_PROTOCOL, KEY } from '../collector/flowLayout.ts';

/** Tells the agent's own connection from all others: its listening port on loopback of its own namespace. */
export class OwnTraffic {
  /** Index of the agent's own namespace in records, undefined when that is not observed. */
  netnsIndex: number | undefined;
  /** Port the agent listens on, undefined when it does not. */
  port: number | undefined;

  /** @param offset of a `struct flow_key` */
  has(view: DataView, offset: number): boolean {
    if (this.port === undefined || view.getUint8(offset + KEY.protocol) !== IP_PROTOCOL.tcp) return false;
    const low = view.getUint16(offset + KEY.lowPort, true);
    const high = view.getUint16(offset + KEY.highPort, true);
    if (low !== this.port && high !== this.port) return false;
    if (view.getUint32(offset + KEY.netns, true) !== this.netnsIndex) return false;
    return isLoopback(view, offset + KEY.lowAddress) && isLoopback(view, offset + KEY.highAddress);
  }
}

/** ::ffff:127.0.0.0/104 */
function isLoopback(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset) === 0 &&
    view.getUint32(offset + 4) === 0 &&
    view.getUint32(offset + 8) === 0xffff &&
    view.getUint8(offset + 12) === 127
  );
}

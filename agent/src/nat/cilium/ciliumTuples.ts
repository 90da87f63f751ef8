import { KEY } from '../../collector/flowLayout.ts';
import { SOCKET_KEY, TUPLE_FLAG, TUPLE_KEY } from './ciliumLayout.ts';

/** An IPv4 address, as a number in the host's order, and a port. */
export interface End {
  readonly address: number;
  readonly port: number;
}

/** One way to read a flow's key: one of its ends as who asks. */
export interface Question {
  readonly client: End;
  readonly server: End;
  readonly protocol: number;
  /** Of the client's socket, 0 where it is not known. */
  readonly cookie: bigint;
}

/** An end of a flow's key (bpf/flow.h `struct flow_key`) of family 4. */
export function keyEnd(view: DataView, key: number, high: boolean): End {
  return {
    address: view.getUint32(key + (high ? KEY.highAddress : KEY.lowAddress) + 12),
    port: view.getUint16(key + (high ? KEY.highPort : KEY.lowPort), true),
  };
}

export function isSameEnd(one: End, other: End): boolean {
  return one.address === other.address && one.port === other.port;
}

/** Address and port as Cilium's values have them, behind one another. */
export function valueEnd(view: DataView, at: number): End {
  return { address: view.getUint32(at), port: view.getUint16(at + 4) };
}

/** The entry of a connection to a Service: what is asked first, and the ports turned round. */
export function writeServiceKey(view: DataView, at: number, { client, server, protocol }: Question): void {
  writeTuple(
    view,
    at,
    [server.address, client.address, client.port, server.port],
    protocol,
    TUPLE_FLAG.service,
  );
}

/** The entry of a connection as it goes on after the translation: who asks first, and the ports turned round. */
export function writeOutgoingKey(view: DataView, at: number, { client, server, protocol }: Question): void {
  writeTuple(
    view,
    at,
    [client.address, server.address, server.port, client.port],
    protocol,
    TUPLE_FLAG.outgoing,
  );
}

/** A packet whose source is to be changed. */
export function writeSourceKey(view: DataView, at: number, { client, server, protocol }: Question): void {
  writeTuple(
    view,
    at,
    [server.address, client.address, server.port, client.port],
    protocol,
    TUPLE_FLAG.outgoing,
  );
}

/** The answer to a packet whose source was changed. */
export function writeAnswerKey(view: DataView, at: number, { client, server, protocol }: Question): void {
  writeTuple(
    view,
    at,
    [client.address, server.address, client.port, server.port],
    protocol,
    TUPLE_FLAG.incoming,
  );
}

/** A socket that was connected to a backend. */
export function writeSocketKey(view: DataView, at: number, { server, cookie }: Question): void {
  view.setBigUint64(at + SOCKET_KEY.cookie, cookie, true);
  view.setUint32(at + SOCKET_KEY.address, server.address);
  view.setUint16(at + SOCKET_KEY.port, server.port);
}

function writeTuple(
  view: DataView,
  at: number,
  [firstAddress, secondAddress, firstPort, secondPort]: readonly [number, number, number, number],
  protocol: number,
  flags: number,
): void {
  view.setUint32(at + TUPLE_KEY.firstAddress, firstAddress);
  view.setUint32(at + TUPLE_KEY.secondAddress, secondAddress);
  view.setUint16(at + TUPLE_KEY.firstPort, firstPort);
  view.setUint16(at + TUPLE_KEY.secondPort, secondPort);
  view.setUint8(at + TUPLE_KEY.protocol, protocol);
  view.setUint8(at + TUPLE_KEY.flags, flags);
}

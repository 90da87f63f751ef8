import { IP_PROTOCOL, viewOf } from '../../collector/flowLayout.ts';
import { ASKED, BACKEND, CONNECTION, CONNECTION_FLAG, MAPS, SOCKET_ASKED, SOURCE } from './ciliumLayout.ts';
import type { MapName } from './ciliumLayout.ts';
import type { CiliumMaps } from './ciliumMaps.ts';
import {
  isSameEnd,
  valueEnd,
  writeAnswerKey,
  writeOutgoingKey,
  writeServiceKey,
  writeSocketKey,
  writeSourceKey,
} from './ciliumTuples.ts';
import type { End, Question } from './ciliumTuples.ts';

/** What Cilium makes of a connection. */
export interface CiliumTranslation {
  readonly client: End;
  /** Where the client asked; the same as server where that was not translated. */
  readonly asked: End;
  readonly server: End;
  /** Where packets come from after the translation; the same as client where that was not translated. */
  readonly source: End;
  /** Whether the socket was connected elsewhere than it asked: no packet ever had the address asked. */
  readonly atSocket: boolean;
}

/** A question, and what is known of its connection so far. */
interface Connection extends Question {
  client: End;
  server: End;
  asked: End | null;
  source: End | null;
  atSocket: boolean;
}

/** Where a value begins. */
interface Value {
  readonly view: DataView;
  readonly at: number;
}

type WriteKey<T> = (view: DataView, at: number, item: T) => void;

/**
 * The source of what a pod sends to itself through a Service, unless Cilium was told another one (IPV4_LOOPBACK). Taken
 * only where there is a connection with it.
 */
const LOOPBACK = 0xa9_fe_2a_01;

/** Asks Cilium's maps for single connections, many at once. */
export class CiliumConnections {
  readonly #maps: CiliumMaps;

  constructor(maps: CiliumMaps) {
    this.#maps = maps;
  }

  /** For each question what Cilium translates; null where it translates nothing, or where it is read the wrong way round. */
  find(questions: readonly Question[]): (CiliumTranslation | null)[] {
    const all = questions.map((question): Connection => ({
      ...question,
      asked: null,
      source: null,
      atSocket: false,
    }));
    this.#takeServices(all);
    this.#takeOutgoing(all.filter(isOpen));
    this.#takeSockets(all.filter((each) => isOpen(each) && each.cookie !== 0n));
    this.#takeAnswers(all.filter(isOpen));
    this.#takeSources(all.filter(({ source }) => source === null));
    return all.map((each) => (isOpen(each) ? null : asTranslation(each)));
  }

  /** Seen as it was asked: the entry of the Service says which backend answers. */
  #takeServices(connections: readonly Connection[]): void {
    const backends: { readonly connection: Connection; readonly entry: Value }[] = [];
    this.#connectionsOf(connections, writeServiceKey, (connection, entry) =>
      backends.push({ connection, entry }),
    );
    const writeBackend: WriteKey<(typeof backends)[number]> = (view, at, { entry }) =>
      view.setUint32(at, entry.view.getUint32(entry.at + CONNECTION.backend, true), true);
    const toThemselves: Connection[] = [];
    this.#ask('backends', backends, writeBackend, ({ connection }, { view, at }) => {
      const server = {
        address: view.getUint32(at + BACKEND.address),
        port: view.getUint16(at + BACKEND.port),
      };
      if (server.address === connection.client.address) {
        toThemselves.push({
          ...connection,
          client: { address: LOOPBACK, port: connection.client.port },
          server,
        });
      }
      connection.asked = connection.server;
      connection.server = server;
    });
    this.#takeLoopbacks(toThemselves, connections);
  }

  /** @param loopbacks connections as a pod has them with itself, if they are there */
  #takeLoopbacks(loopbacks: readonly Connection[], connections: readonly Connection[]): void {
    this.#connectionsOf(loopbacks, writeOutgoingKey, (loopback, entry) => {
      if (!isLoopback(entry)) return;
      for (const each of connections) {
        const isIt =
          each.asked !== null &&
          isSameEnd(each.server, loopback.server) &&
          each.client.port === loopback.client.port;
        if (isIt && each.protocol === loopback.protocol) each.source = loopback.client;
      }
    });
  }

  /** Seen as it goes on: the entry of the connection says what had been asked. */
  #takeOutgoing(connections: readonly Connection[]): void {
    const translated: { readonly connection: Connection; readonly entry: Value }[] = [];
    this.#connectionsOf(connections, writeOutgoingKey, (connection, entry) => {
      if (entry.view.getUint16(entry.at + CONNECTION.asked) !== 0) translated.push({ connection, entry });
    });
    const writeAsked: WriteKey<(typeof translated)[number]> = (view, at, { entry }) =>
      view.setUint16(at, entry.view.getUint16(entry.at + CONNECTION.asked));
    this.#ask('asked', translated, writeAsked, ({ connection, entry }, { view, at }) => {
      const asked = valueEnd(view, at + ASKED.address);
      // What was asked at any address of the node, which is known by its packets alone.
      if (asked.address === 0) return;
      connection.asked = asked;
      if (!isLoopback(entry)) return;
      connection.source = connection.client;
      connection.client = { address: connection.server.address, port: connection.client.port };
    });
  }

  /** Connected elsewhere than the socket asked. */
  #takeSockets(connections: readonly Connection[]): void {
    this.#ask('sockets', connections, writeSocketKey, (connection, { view, at }) => {
      connection.asked = valueEnd(view, at + SOCKET_ASKED.address);
      connection.atSocket = true;
    });
  }

  /** Seen with another source than the client's own. */
  #takeAnswers(connections: readonly Connection[]): void {
    const behind: Connection[] = [];
    this.#ask('sources', connections, writeAnswerKey, (connection, { view, at }) => {
      const client = valueEnd(view, at + SOURCE.address);
      if (isSameEnd(client, connection.client)) return;
      connection.source = connection.client;
      connection.client = client;
      behind.push(connection);
    });
    this.#takeOutgoing(behind);
  }

  #takeSources(connections: readonly Connection[]): void {
    this.#ask('sources', connections, writeSourceKey, (connection, { view, at }) => {
      const source = valueEnd(view, at + SOURCE.address);
      if (!isSameEnd(source, connection.client)) connection.source = source;
    });
  }

  #connectionsOf(
    connections: readonly Connection[],
    write: WriteKey<Connection>,
    take: (connection: Connection, value: Value) => void,
  ): void {
    const isTcp = ({ protocol }: Connection): boolean => protocol === IP_PROTOCOL.tcp;
    this.#ask('tcp', connections.filter(isTcp), write, take);
    this.#ask(
      'other',
      connections.filter((each) => !isTcp(each)),
      write,
      take,
    );
  }

  /** @param take is called for each item whose key is in the map */
  #ask<T>(
    name: MapName,
    items: readonly T[],
    write: WriteKey<T>,
    take: (item: T, value: Value) => void,
  ): void {
    if (items.length === 0) return;
    const { keySize, valueSize } = MAPS[name];
    const keys = new Uint8Array(items.length * keySize);
    const keyView = viewOf(keys);
    items.forEach((item, index) => write(keyView, index * keySize, item));
    const answers = this.#maps.lookup(name, keys);
    if (answers === null) return;
    const view = viewOf(answers.values);
    items.forEach((item, index) => {
      if (answers.found[index] === 1) take(item, { view, at: index * valueSize });
    });
  }
}

/** Whether nothing is known to be translated. */
function isOpen({ asked, source }: Connection): boolean {
  return asked === null && source === null;
}

function isLoopback({ view, at }: Value): boolean {
  return (view.getUint16(at + CONNECTION.flags, true) & CONNECTION_FLAG.loopback) !== 0;
}

function asTranslation({ client, server, asked, source, atSocket }: Connection): CiliumTranslation {
  return { client, server, asked: asked ?? server, source: source ?? client, atSocket };
}

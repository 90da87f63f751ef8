/** An open conversation, with what the cluster itself says of it. */
import type { Tuple } from '../../../src/model/flow.ts';
import { turned } from '../../../src/model/path/translation.ts';
import { tupleText } from '../../../src/model/path/pathText.ts';
import { factsOf, socketOf } from '../cases/connections.ts';
import type { Facts } from '../cases/expected.ts';
import type { Sockets } from '../cases/sockets.ts';
import type { Talk } from '../cases/talk.ts';
import type { listConnections } from '../cases/tracked.ts';
import type { PathKind } from './kinds.ts';

export interface Conversation {
  readonly kind: PathKind;
  readonly talk: Talk;
  readonly facts: Facts;
  /** What its packets may look like on their way, both ways. */
  readonly tuples: readonly Tuple[];
}

export async function conversationOf(
  kind: PathKind,
  talk: Talk,
  sockets: Sockets,
  listing: ReturnType<typeof listConnections>,
): Promise<Conversation> {
  const socket = await socketOf(talk, sockets);
  const facts = await factsOf(socket, sockets, listing);
  const asked: Tuple = {
    source: socket.local.address,
    sourcePort: socket.local.port,
    destination: socket.peer.address,
    destinationPort: socket.peer.port,
  };
  // Between routing and masquerading the destination alone is translated.
  const there = facts.path.views.flatMap(({ original, translated }) => [
    original,
    { ...original, destination: translated.destination, destinationPort: translated.destinationPort },
    translated,
  ]);
  const both = [asked, ...there].flatMap((tuple) => [tuple, turned(tuple)]);
  const tuples = [...new Map(both.map((tuple) => [tupleText(tuple), tuple])).values()];
  return { kind, talk, facts, tuples };
}

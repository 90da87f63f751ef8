import type { ServiceImpl } from '@connectrpc/connect';
import { Code, ConnectError } from '@connectrpc/connect';
import type { InventoryObject } from '../../../src/model/inventory.ts';
import { PROTOCOL_VERSION } from '../../../src/model/protocolVersion.ts';
import type {
  AgentService,
  CaptureRequest,
  StreamFlowsRequest,
  Target,
} from '../../../src/model/wire/generated/vethscope_pb.js';
import type { SocketEntry } from '../../../src/model/topology.ts';
import { kernelFilter } from '../collector/kernelFilter.ts';
import { messageOf } from '../failure.ts';
import { inventoryObject } from '../identity/inventoryObject.ts';
import type { Heartbeat } from './heartbeat.ts';
import { pause } from './pause.ts';
import type { CaptureMessage, CaptureQuestion, FlowsRequest, FlowsTarget, Source } from './source.ts';

const LEDGER_INTERVAL = 1000;
const SHORTEST_INTERVAL = 100;

/** The service of vethscope.proto over a running or recorded observation. */
export function agentService(
  source: Source,
  heartbeat: Heartbeat,
  version: string,
): ServiceImpl<typeof AgentService> {
  return {
    hello() {
      heartbeat.beat();
      const { node, kernel, session, checks } = source.introduce();
      return {
        protocolVersion: PROTOCOL_VERSION,
        agentVersion: version,
        node,
        kernel,
        bootId: session,
        checks: checks.map((check) => ({ ...check })),
      };
    },
    pushInventory({ reset, upserts, deletedUids }) {
      heartbeat.beat();
      return { objects: source.pushInventory({ reset, upserts: upserts.flatMap(parseObject), deletedUids }) };
    },
    async *streamFlows(request, { signal }) {
      yield* source.flows(flowsRequest(request), signal);
    },
    async *streamDns({ afterSequence, target }, { signal }) {
      yield* source.dns({ afterSequence: Number(afterSequence), target: targetOf(target) }, signal);
    },
    async *streamTopology(_request, { signal }) {
      let sequence = 0n;
      let sent = '';
      for await (const topology of source.topologies(signal)) {
        const topologyJson = JSON.stringify(topology);
        if (topologyJson === sent) continue;
        sent = topologyJson;
        sequence += 1n;
        yield { sequence, topologyJson };
      }
    },
    async listSockets({ netns }) {
      return { socketsJson: JSON.stringify(await socketsOf(source, Number(netns))) };
    },
    async *capture(request, { signal }) {
      yield* capturing(() => source.capture(captureQuestion(request, version), signal));
    },
    endCapture({ id }) {
      source.endCapture(id);
      return {};
    },
    async *streamLedger({ intervalMilliseconds }, { signal }) {
      const interval = Math.max(SHORTEST_INTERVAL, intervalMilliseconds || LEDGER_INTERVAL);
      while (!signal.aborted) {
        yield { ledgerJson: JSON.stringify(source.ledger()) };
        await pause(interval, signal);
      }
    },
    heartbeat({ sequence }) {
      heartbeat.beat();
      return { sequence, agentTimeMilliseconds: Date.now() };
    },
  };
}

async function socketsOf(source: Source, netns: number): Promise<readonly SocketEntry[]> {
  try {
    const sockets = await source.sockets(netns);
    if (sockets !== null) return sockets;
  } catch (error) {
    throw new ConnectError(messageOf(error), Code.Unavailable);
  }
  throw new ConnectError(`namespace ${netns} is gone, or cannot be entered`, Code.NotFound);
}

/** A capture's failure is told in its own words. */
async function* capturing(open: () => AsyncIterable<CaptureMessage>): AsyncGenerator<CaptureMessage> {
  try {
    yield* open();
  } catch (error) {
    throw new ConnectError(messageOf(error), Code.FailedPrecondition);
  }
}

function captureQuestion(request: CaptureRequest, version: string): CaptureQuestion {
  const { id, interfaces, addresses, ports, protocols } = request;
  return {
    ...{ id, interfaces, application: `vethscope-agent ${version}`, netns: Number(request.netns) },
    filter: kernelFilter({ addresses, ports, protocols }),
    mostPackets: Number(request.mostPackets),
    mostSeconds: request.mostSeconds,
    mostBytes: Number(request.mostBytes),
  };
}

function parseObject(json: string, index: number): InventoryObject[] {
  try {
    const object = inventoryObject(JSON.parse(json));
    return object === null ? [] : [object];
  } catch (error) {
    throw new ConnectError(
      `upserts[${index}] is not an inventory object: ${messageOf(error)}`,
      Code.InvalidArgument,
    );
  }
}

function flowsRequest({ afterSequence, intervalMilliseconds, target }: StreamFlowsRequest): FlowsRequest {
  return {
    afterSequence: Number(afterSequence),
    interval: intervalMilliseconds,
    target: targetOf(target),
  };
}

function targetOf(target: Target | undefined): FlowsTarget {
  return { podUids: target?.podUids ?? [], namespaces: target?.namespaces ?? [] };
}

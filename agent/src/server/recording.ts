import { create, fromJson, toJson } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import type { Ledger } from '../../../src/model/ledger.ts';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { StreamFlowsResponse } from '../../../src/model/wire/generated/vethscope_pb.js';
import { StreamFlowsResponseSchema } from '../../../src/model/wire/generated/vethscope_pb.js';
import { Failure, messageOf } from '../failure.ts';
import type { FlowsMessage } from './source.ts';

/**
 * A recorded session: JSON lines. The first says what it is; each other has its time and one of flows (a message of
 * vethscope.proto in protobuf's JSON), topology and ledger (in the shapes of src/model).
 */
export const RECORDING_FORMAT = 'vethscope-session';
const RECORDING_VERSION = 2;

export interface RecordingHeader {
  readonly format: string;
  readonly version: number;
  readonly node: string;
  readonly kernel: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
}

/** One thing that was sent, at a time in milliseconds after the start. */
export type RecordedEntry =
  | { readonly at: number; readonly flows: StreamFlowsResponse }
  | { readonly at: number; readonly topology: Topology }
  | { readonly at: number; readonly ledger: Ledger };

export interface Recording {
  readonly header: RecordingHeader;
  readonly entries: readonly RecordedEntry[];
}

export function headerLine(node: string, kernel: string, started: number): string {
  return line({ format: RECORDING_FORMAT, version: RECORDING_VERSION, node, kernel, started });
}

export function flowsLine(at: number, message: FlowsMessage): string {
  const flows = toJson(StreamFlowsResponseSchema, create(StreamFlowsResponseSchema, message));
  return line({ at, flows });
}

export function topologyLine(at: number, topology: Topology): string {
  return line({ at, topology });
}

export function ledgerLine(at: number, ledger: Ledger): string {
  return line({ at, ledger });
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** @param where names the file in errors */
export function parseRecording(text: string, where: string): Recording {
  const lines = text.split('\n');
  const header = parseHeader(lines[0] ?? '', where);
  const entries = lines.slice(1).flatMap((content, index) => {
    if (content === '') return [];
    try {
      return [parseEntry(JSON.parse(content))];
    } catch (error) {
      throw new Failure(`recorded session ${where}, line ${index + 2}: ${messageOf(error)}`, HOW, {
        cause: error,
      });
    }
  });
  return { header, entries };
}

const HOW = 'Record one with: vethscope-agent serve --record FILE';

function parseHeader(content: string, where: string): RecordingHeader {
  let header: RecordingHeader | undefined;
  try {
    header = JSON.parse(content) as RecordingHeader;
  } catch (error) {
    throw new Failure(`${where} is not a recorded session: ${messageOf(error)}`, HOW, { cause: error });
  }
  if (header.format !== RECORDING_FORMAT || header.version !== RECORDING_VERSION) {
    throw new Failure(
      `${where} is not a recorded session of version ${RECORDING_VERSION}: it says ${JSON.stringify(header.format)} ${JSON.stringify(header.version)}`,
      HOW,
    );
  }
  return header;
}

function parseEntry(json: unknown): RecordedEntry {
  const entry = json as { at?: unknown; flows?: JsonValue; topology?: Topology; ledger?: Ledger };
  if (typeof entry.at !== 'number') throw new TypeError('"at" is not a number');
  const { at } = entry;
  if (entry.flows !== undefined) return { at, flows: fromJson(StreamFlowsResponseSchema, entry.flows) };
  if (entry.topology !== undefined) return { at, topology: entry.topology };
  if (entry.ledger !== undefined) return { at, ledger: { ...EMPTY_LEDGER, ...entry.ledger } };
  throw new TypeError('it has none of "flows", "topology" and "ledger"');
}

import type { Verdict } from '../model/flow.ts';
import { endpointLabel, labelText } from '../model/endpoint.ts';
import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { FlowStore } from './flowStore.ts';
import { DEFAULT_FILTER, FlowView } from './flowView.ts';

/** A flow in words, to be chosen from a list. */
export interface FlowChoice {
  readonly flow: FlowReference;
  readonly client: string;
  /** With its port, where it has one. */
  readonly server: string;
  readonly protocol: string;
  readonly verdict: Verdict;
  readonly bytes: number;
  /** Of its last packet, milliseconds since the epoch. */
  readonly last: number;
}

/** The flows that pass a filter's text, those that were seen last first. */
export function flowChoices(store: FlowStore, text: string, most: number): readonly FlowChoice[] {
  const view = new FlowView(store);
  view.setFilter({ ...DEFAULT_FILTER, text });
  view.refresh(0);
  const records = new FlowRecords(view.window(0, most, 0).rows);
  return Array.from({ length: records.count }, (_, row) => choiceOf(store, records, row));
}

function choiceOf({ endpoints }: FlowStore, records: FlowRecords, row: number): FlowChoice {
  const nameOf = (field: number): string => {
    const endpoint = endpoints.endpoint(records.uint32(row, field));
    return endpoint === null ? '?' : labelText(endpointLabel(endpoint));
  };
  const port = records.uint16(row, FLOW.serverPort);
  return {
    flow: { agent: records.uint32(row, FLOW.agent), flow: records.uint32(row, FLOW.id) },
    client: nameOf(FLOW.client),
    server: port === 0 ? nameOf(FLOW.server) : `${nameOf(FLOW.server)}:${port}`,
    protocol: PROTOCOLS[records.uint8(row, FLOW.protocol)] ?? 'other',
    verdict: VERDICTS[records.uint8(row, FLOW.verdict)] ?? 'unknown',
    bytes: records.float64(row, FLOW.sentBytes) + records.float64(row, FLOW.receivedBytes),
    last: records.float64(row, FLOW.end),
  };
}

import assert from 'node:assert/strict';
import {
  FLOW,
  FLOW_BITS,
  FLOW_RECORD_BYTES,
  INITIATOR_SHIFT,
  NOT_KNOWN,
} from '../../src/model/flowRecord.ts';
import { FlowRecords } from '../../src/model/flowRecords.ts';
import { FlowRow, tcpFlagNames } from './flowRow.ts';

describe('FlowRow', () => {
  it('reads its record', () => {
    const bytes = new ArrayBuffer(2 * FLOW_RECORD_BYTES);
    const view = new DataView(bytes, FLOW_RECORD_BYTES);
    view.setUint32(FLOW.id, 77, true);
    view.setUint16(FLOW.serverPort, 443, true);
    view.setUint8(FLOW.verdict, 3);
    view.setUint8(FLOW.bits, FLOW_BITS.final | (3 << INITIATOR_SHIFT));
    view.setUint32(FLOW.rttUs, NOT_KNOWN, true);
    view.setUint32(FLOW.handshakeUs, 120, true);
    view.setFloat64(FLOW.sentBytes, 2 ** 40, true);
    const row = new FlowRow(new FlowRecords(bytes), 1, new Map(), { rate: 5, now: 6, nat: [] });
    assert.deepEqual(
      [row.id, row.serverPort, row.verdict, row.protocol, row.ended, row.initiatorCertain],
      [77, 443, 'refused', 'tcp', true, false],
    );
    assert.deepEqual([row.initiatorEvidence, row.rate, row.now], ['port', 5, 6]);
    assert.deepEqual([row.rttUs, row.handshakeUs, row.sentBytes, row.client], [null, 120, 2 ** 40, null]);
  });
});

describe('tcpFlagNames', () => {
  it('names the bits in their order', () => {
    assert.deepEqual(tcpFlagNames(0x13), ['FIN', 'SYN', 'ACK']);
    assert.deepEqual(tcpFlagNames(0), []);
  });
});

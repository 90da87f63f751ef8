import assert from 'node:assert/strict';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { ROW, ROW_BYTES } from './flowRow.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import { PendingRows } from './pendingRows.ts';

const UPLINK = { ifindex: 2, name: 'eth0', role: 'uplink' } as const;

/** Rows of as many flows. */
function rowsOf(count: number): { flows: TestFlows; rows: number[] } {
  const flows = new TestFlows([UPLINK]);
  const packets = Array.from({ length: count }, (_, index) => ({
    from: '192.0.2.1',
    fromPort: 1000 + index,
    to: '192.0.2.2',
    toPort: 53,
    protocol: IP_PROTOCOL.udp,
    netns: 1,
    ifindex: UPLINK.ifindex,
    egress: false,
    bytes: 60,
    tcpFlags: 0,
    time: 100,
  }));
  flows.tick(packets, 200);
  return { flows, rows: flows.rows() };
}

describe('rows that wait for a look at sockets', () => {
  it('are not those of ended flows', () => {
    const { flows, rows } = rowsOf(2);
    const [ended = -1, live = -1] = rows;
    const pending = new PendingRows(flows.table, () => 0);
    for (const row of rows) pending.note(row);
    flows.table.end(ended);
    assert.deepEqual([...pending.due(BOOT + 300)], [live]);
    assert.equal(pending.size, 0);
  });

  it('are so many at most, the latest of those that something was seen of', () => {
    const { flows, rows } = rowsOf(4);
    const pending = new PendingRows(flows.table, () => 0, 2);
    for (const row of rows) pending.note(row);
    pending.add(rows[0] ?? -1);
    assert.equal(pending.size, 2);
    assert.deepEqual([...pending.due(BOOT + 300)], rows.slice(2));
  });
});

describe('a row that is given back', () => {
  it('is not named any more, and leaves no names behind', () => {
    const { flows, rows } = rowsOf(1);
    const { table, identity } = flows;
    const [row = -1] = rows;
    identity.nameLater(row);
    table.end(row);
    table.forgetEnded(table.sequence);
    identity.nameWaiting(BOOT + 300);
    assert.equal(table.names.endpoints.size, 0);
    assert.equal(table.rows.getUint8(row * ROW_BYTES + ROW.unnamed), 0);
  });
});

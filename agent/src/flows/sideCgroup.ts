import { ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** The kernel's own, and that of every process of a machine without groups. */
const ROOT_CGROUP = 1;

/**
 * Notes the cgroup of a socket that sent as a side of a flow. What the kernel itself sends for a connection, as its last
 * reset, tells less than any socket (bpf/socket.h). A second socket sends as the same side: one row, and no telling which
 * packets are whose.
 * @param cgroup its id, 0 for none
 * @returns whether that is new
 */
export function noteCgroup(table: FlowTable, flow: number, high: boolean, cgroup: number): boolean {
  const before = cgroupOf(table, flow, high);
  if (cgroup === before || (cgroup <= ROOT_CGROUP && (cgroup === 0 || before !== 0))) return false;
  if (before > ROOT_CGROUP) return table.otherSenders.note(table.idOf(flow), high, cgroup);
  table.rows.setFloat64(flow * ROW_BYTES + (high ? ROW.highCgroup : ROW.lowCgroup), cgroup, true);
  return true;
}

/** All cgroups that sent as a side of `from` did as one of `into`. The other one has none any more. */
export function moveCgroups(
  table: FlowTable,
  from: number,
  fromHigh: boolean,
  into: number,
  intoHigh: boolean,
): void {
  const others = table.otherSenders.of(table.idOf(from), fromHigh);
  for (const cgroup of [cgroupOf(table, from, fromHigh), ...others]) {
    noteCgroup(table, into, intoHigh, cgroup);
  }
}

function cgroupOf(table: FlowTable, flow: number, high: boolean): number {
  return table.rows.getFloat64(flow * ROW_BYTES + (high ? ROW.highCgroup : ROW.lowCgroup), true);
}

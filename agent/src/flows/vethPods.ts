import type { PodReference } from '../../../src/model/topology.ts';
import { POINT_SLOTS, RECORD, SLOT, SLOT_BYTES } from '../collector/flowLayout.ts';
import { KEPT, KEPT_BYTES, NONE } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import type { Point } from './pointRegistry.ts';

/** The pods of the veths that a flow's sides were seen at: null where it is not known whose it is, undefined without a veth. */
export interface VethPods {
  low: PodReference | null | undefined;
  high: PodReference | null | undefined;
}

/** As a record of the kernel has it. @param offset of the record */
export function vethPodsInRecord(table: FlowTable, view: DataView, offset: number): VethPods {
  const found: VethPods = { low: undefined, high: undefined };
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    const code = view.getUint16(offset + RECORD.slots + slot * SLOT_BYTES + SLOT.point, true);
    const point = code === 0 ? undefined : table.points.lookup(code);
    if (point !== undefined) note(found, point, (code & 1) === 1);
  }
  return found;
}

export function vethPodsInSightings(table: FlowTable, row: number): VethPods {
  const found: VethPods = { low: undefined, high: undefined };
  const { sightings, points } = table;
  for (let index = table.firstSighting(row); index !== NONE; index = sightings.next(index)) {
    const code = sightings.view.getUint32(index * KEPT_BYTES + KEPT.code, true);
    const point = points.get(code >>> 1);
    if (point !== undefined) note(found, point, (code & 1) === 1);
  }
  return found;
}

/** The first veth of each side counts. */
function note(found: VethPods, { name, facts }: Point, fromHigh: boolean): void {
  if (name !== 'from-endpoint' && name !== 'to-endpoint') return;
  const isHigh = (name === 'from-endpoint') === fromHigh;
  if (isHigh && found.high === undefined) found.high = facts.pod;
  if (!isHigh && found.low === undefined) found.low = facts.pod;
}

import { FLOW, FLOW_RECORD_BYTES, SIGHTING_RECORD_BYTES } from '../../../src/model/flowRecord.ts';

/** No row or sighting. */
export const NONE = 0xffffffff;

/**
 * Byte offsets of a row of the flow table. A row begins with the record that goes over the wire, so that sending it
 * is one copy; what only the agent needs follows.
 */
export const ROW = {
  ...FLOW,
  /** 44 bytes, the kernel's key. */
  key: FLOW_RECORD_BYTES,
  /** uint32 */
  hash: FLOW_RECORD_BYTES + 44,
  /** uint32 sequence of the tick that changed it last. */
  changed: FLOW_RECORD_BYTES + 48,
  /** uint32 neighbours in the list of rows in order of change. */
  older: FLOW_RECORD_BYTES + 52,
  newer: FLOW_RECORD_BYTES + 56,
  /** uint32 first of its sightings. */
  firstSighting: FLOW_RECORD_BYTES + 60,
  /** uint32 ids of the names of both sides. */
  lowEndpoint: FLOW_RECORD_BYTES + 64,
  highEndpoint: FLOW_RECORD_BYTES + 68,
  lowAddress: FLOW_RECORD_BYTES + 72,
  highAddress: FLOW_RECORD_BYTES + 76,
  /** uint32 endpoint ids of the Service that a side's address and port stand for. */
  lowService: FLOW_RECORD_BYTES + 80,
  highService: FLOW_RECORD_BYTES + 84,
  /** uint8, STATE */
  state: FLOW_RECORD_BYTES + 88,
  /** uint8: 0 the low side is the client, 1 the high side. */
  clientIsHigh: FLOW_RECORD_BYTES + 89,
  /** uint8 bits: 1 the low side opened, 2 the high side. */
  opened: FLOW_RECORD_BYTES + 90,
  /** uint8 */
  lowDscp: FLOW_RECORD_BYTES + 91,
  highDscp: FLOW_RECORD_BYTES + 92,
  /** uint8: 1 when a side is still without a name, so that a later inventory may give one. */
  unresolved: FLOW_RECORD_BYTES + 93,
  /** uint32 */
  lowSrttUs: FLOW_RECORD_BYTES + 96,
  highSrttUs: FLOW_RECORD_BYTES + 100,
  lowRetransmits: FLOW_RECORD_BYTES + 104,
  highRetransmits: FLOW_RECORD_BYTES + 108,
  /** uint32 interface and direction where the SYN was first seen. */
  synInterface: FLOW_RECORD_BYTES + 112,
  /** float64 CLOCK_MONOTONIC nanoseconds, 0 for none. */
  synTime: FLOW_RECORD_BYTES + 116,
  /** float64 cgroup ids. */
  lowCgroup: FLOW_RECORD_BYTES + 124,
  highCgroup: FLOW_RECORD_BYTES + 132,
} as const;

export const ROW_BYTES = FLOW_RECORD_BYTES + 144;

export const STATE = { free: 0, live: 1, ended: 2 } as const;

/** Byte offsets of a kept sighting: the wire's record, then what only the agent needs. */
export const KEPT = {
  /** uint32 point id << 1 | from_high */
  code: SIGHTING_RECORD_BYTES,
  /** uint32 next sighting of the same flow. */
  next: SIGHTING_RECORD_BYTES + 4,
} as const;

export const KEPT_BYTES = SIGHTING_RECORD_BYTES + 8;

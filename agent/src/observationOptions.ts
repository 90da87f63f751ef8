import type { AttachWay, PacketFilter } from '../native/index.d.ts';
import type { InventoryObject } from '../../src/model/inventory.ts';
import type { Payload } from './collector/addon.ts';

/** What an observation is asked for. */
export interface ObservationOptions {
  readonly payload: Payload;
  /** Name of the node in output; the host's name where Kubernetes' is not known. */
  readonly node: string;
  /** Files of the namespaces to observe, the node's own first. */
  readonly namespaces: readonly string[];
  /** Names to attach to; empty for all. */
  readonly interfaces: readonly string[];
  readonly inventory: readonly InventoryObject[];
  /** Which packets are counted; all where it is null or left out. */
  readonly filter?: PacketFilter | null;
  /** Milliseconds between drains. */
  readonly interval: number;
  /** Rows of the flow table. */
  readonly maxFlows: number;
  /** Kernel memory of the flow map, bytes; decides its capacity. */
  readonly mapBytes?: number | undefined;
  /** How programs are attached; as the kernel allows where it is left out. */
  readonly attach?: AttachWay | undefined;
  /** For messages to a person. */
  tell(message: string): void;
}

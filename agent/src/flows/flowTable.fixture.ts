/** A flow table with made-up points, for tests. */
import type { InterfaceRole, PodReference } from '../../../src/model/topology.ts';
import { COARSE_UNIT } from '../collector/flowLayout.ts';
import { Identifier } from '../identity/identifier.ts';
import { InventoryStore } from '../identity/inventoryStore.ts';
import { DropIntake } from './dropIntake.ts';
import { FlowTable } from './flowTable.ts';
import { FlowTracker } from './flowTracker.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';
import { PointRegistry } from './pointRegistry.ts';
import { RecordIntake } from './recordIntake.ts';
import { RowIdentity } from './rowIdentity.ts';
import { TunnelLinks } from './tunnelLinks.ts';

/** Wall time of CLOCK_MONOTONIC 0 in these tests, milliseconds since the epoch. */
export const BOOT = Date.parse('2026-01-01T00:00:00Z');
export const NETNS = 4_026_531_840;

export interface TestPoint {
  readonly ifindex: number;
  readonly name: string;
  readonly role: InterfaceRole;
  readonly pod?: PodReference;
}

export class TestFlows {
  readonly points = new PointRegistry();
  readonly inventory = new InventoryStore();
  readonly table: FlowTable;
  readonly intake: RecordIntake;
  readonly tracker: FlowTracker;

  constructor(
    interfaces: readonly TestPoint[],
    options: {
      maxFlows?: number;
      isOwn?: (view: DataView, offset: number) => boolean;
      tunnels?: () => Uint8Array;
    } = {},
  ) {
    const identifier = new Identifier(this.inventory);
    for (const { ifindex, name, role, pod } of interfaces) {
      this.points.attach(
        ifindex,
        1,
        {
          node: 'node-a',
          netnsInode: NETNS,
          interface: name,
          ifindex,
          role,
          pod: pod ?? null,
          inside: false,
        },
        BOOT - 1000,
      );
    }
    this.table = new FlowTable(options.maxFlows ?? 1024, this.points, BOOT);
    const identity = new RowIdentity(this.table, (question) => identifier.identify(question));
    this.intake = new RecordIntake(this.table, identity, options.isOwn ?? (() => false));
    const names = { reason: String, interface: () => null, observed: [1] };
    const drops = new DropIntake(this.table, identity, names, options.isOwn ?? (() => false));
    const tunnels = new TunnelLinks(this.table, options.tunnels ?? (() => new Uint8Array(0)));
    this.tracker = new FlowTracker(this.table, this.intake, identity, drops, tunnels);
  }

  /** One interval with these packets. @param at monotonic milliseconds of its end */
  tick(packets: readonly SeenPacket[], at: number): void {
    this.feed(drainOf(packets), at, 0);
  }

  /** One interval with a drain made before. @param late milliseconds that its packets come later than they say */
  feed(drain: ReturnType<typeof drainOf>, at: number, late: number): void {
    this.tracker.tick({
      ...drain,
      events: [],
      identityChanged: false,
      now: BOOT + at,
      wallTime: (coarse) => BOOT + late + (coarse * COARSE_UNIT) / 1e6,
    });
  }

  /** Rows in use. */
  rows(): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.table.size; row += 1) rows.push(row);
    return rows;
  }
}

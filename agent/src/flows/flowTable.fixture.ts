/** A flow table with made-up points, for tests. */
import type { InterfaceRole, PodReference } from '../../../src/model/topology.ts';
import { COARSE_UNIT } from '../collector/flowLayout.ts';
import { DnsNames } from '../identity/dnsNames.ts';
import { Identifier } from '../identity/identifier.ts';
import { InventoryStore } from '../identity/inventoryStore.ts';
import type { Question } from '../identity/question.ts';
import type { ConntrackBatch } from '../nat/conntrackFeed.ts';
import { TranslationTable } from '../nat/translationTable.ts';
import { DropIntake } from './dropIntake.ts';
import { FlowJoin } from './flowJoin.ts';
import { FlowTable } from './flowTable.ts';
import { FlowTracker } from './flowTracker.ts';
import type { AskInitiators } from './initiators.ts';
import { Initiators } from './initiators.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';
import { PointRegistry } from './pointRegistry.ts';
import { RecordIntake } from './recordIntake.ts';
import { ROW_BYTES, STATE, ROW } from './flowRow.ts';
import { RowIdentity } from './rowIdentity.ts';
import { SharedFlows } from './sharedFlows.ts';
import { TunnelLinks } from './tunnelLinks.ts';
import { TranslationIntake } from './translationIntake.ts';
import { WiredNamespaces } from './wiredNamespaces.ts';

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
  readonly join: FlowJoin;
  readonly names: DnsNames;
  readonly initiators: Initiators;
  readonly wired = new WiredNamespaces();
  readonly identity: RowIdentity;
  #inventoryVersion = 0;

  constructor(
    interfaces: readonly TestPoint[],
    options: {
      maxFlows?: number;
      translations?: number;
      isOwn?: (view: DataView, offset: number) => boolean;
      tunnels?: () => Uint8Array;
      initiators?: AskInitiators;
      /** Is told whatever is asked of who an end is. */
      asked?: (question: Question) => void;
      names?: DnsNames;
    } = {},
  ) {
    const identifier = new Identifier(this.inventory);
    for (const { ifindex, name, role, pod } of interfaces) {
      this.points.add(ifindex, 1, {
        node: 'node-a',
        netnsInode: NETNS,
        interface: name,
        ifindex,
        role,
        pod: pod ?? null,
        inside: false,
      });
      this.points.attached(ifindex, BOOT - 1000);
    }
    this.table = new FlowTable(options.maxFlows ?? 1024, this.points, BOOT);
    this.names = options.names ?? new DnsNames();
    this.identity = new RowIdentity(
      this.table,
      {
        identify: (question) => {
          options.asked?.(question);
          return identifier.identify(question);
        },
        serviceNamed: (name, end) => identifier.serviceNamed(name, end),
      },
      () => 0,
      this.names,
    );
    const { identity } = this;
    const translations = new TranslationTable(options.translations ?? 256);
    this.join = new FlowJoin(this.table, translations, identity);
    const shared = new SharedFlows(this.table, this.join, this.wired);
    this.initiators = new Initiators(this.table, options.initiators ?? (() => Promise.resolve(null)));
    this.intake = new RecordIntake(this.table, identity, this.join, shared, options.isOwn ?? (() => false));
    const names = {
      reason: String,
      place: (netns: number) => ({ node: 'node-a', netns, point: null }),
      observed: [1],
    };
    const drops = new DropIntake(
      this.table,
      identity,
      this.join,
      shared,
      names,
      options.isOwn ?? (() => false),
    );
    const tunnels = new TunnelLinks(this.table, options.tunnels ?? (() => new Uint8Array(0)));
    this.tracker = new FlowTracker(
      this.table,
      this.intake,
      identity,
      drops,
      tunnels,
      new TranslationIntake(translations, this.join),
      this.initiators,
    );
  }

  /** One interval with these packets. @param at monotonic milliseconds of its end */
  tick(
    packets: readonly SeenPacket[],
    at: number,
    connections: readonly ConntrackBatch[] = [],
    events: readonly Uint8Array[] = [],
  ): void {
    this.feed(drainOf(packets), at, 0, connections, events);
  }

  /** One interval with a drain made before. @param late milliseconds that its packets come later than they say */
  feed(
    drain: ReturnType<typeof drainOf>,
    at: number,
    late: number,
    connections: readonly ConntrackBatch[] = [],
    events: readonly Uint8Array[] = [],
    identityChanged = this.inventory.version !== this.#inventoryVersion,
    untranslated: readonly number[] = [],
  ): void {
    this.tracker.tick({
      ...drain,
      events,
      connections,
      untranslated,
      identityChanged,
      now: BOOT + at,
      wallTime: (coarse) => BOOT + late + (coarse * COARSE_UNIT) / 1e6,
    });
    this.#inventoryVersion = this.inventory.version;
  }

  /** Rows of flows, live or ended. */
  rows(): number[] {
    const { rows } = this.table;
    const all = Array.from({ length: rows.byteLength / ROW_BYTES }, (_, row) => row);
    const isFlow = new Set<number>([STATE.live, STATE.ended]);
    return all.filter((row) => isFlow.has(rows.getUint8(row * ROW_BYTES + ROW.state)));
  }
}

/** The account as a table, one line an interface and direction, and its verdict. */
import type { Ledger } from '../../src/model/ledger.ts';
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import { disagreements, ledgerOf, sumOf } from './account.ts';
import type { Judgement, PointAccount } from './account.ts';
import type { Tally } from './tally.ts';

export interface Report {
  readonly text: string;
  /** What does not agree, with the point's name; empty when every packet is accounted for. */
  readonly faults: readonly string[];
}

const HEAD = [
  ...['interface', 'direction', "kernel's buffers", 'ours', 'seen', 'counted', 'unparsed', 'map full'],
  ...['filtered', 'sightings', 'beyond slots', 'difference'],
];
/** Interfaces that came and went share a line, or the table would be all theirs. */
const MANY = 8;

type Figures = readonly number[];

export function report(
  title: string,
  accounts: readonly PointAccount[],
  tally: Tally,
  how: Judgement,
): Report {
  const ledger = ledgerOf(tally);
  const faults = [
    ...accounts.flatMap((account) =>
      disagreements(account, how).map((fault) => `${nameOf(account)}: ${fault}`),
    ),
    ...ledgerFaults(accounts, ledger, tally.innerPackets),
  ];
  const rows = grouped(accounts).map(([name, direction, members]) => [
    name,
    direction,
    ...total(members).map(String),
  ]);
  const sum = ['all', '', ...total(accounts).map(String)];
  const lines = table([HEAD, ...rows, sum]);
  const verdict = faults.length === 0 ? 'every packet is accounted for' : faults.join('\n');
  const causes = UNPARSED_CAUSES.map((cause) => `${cause} ${ledger.unparsed[cause]}`).join(', ');
  const { inner } = ledger;
  const beside = `inside tunnels ${inner.counted}, unparsed there ${inner.unparsed}, map full there ${inner.mapFull}`;
  const lost = `folded ${ledger.folded}, own ${ledger.own}, events lost ${ledger.eventsLost}, points ${accounts.length}`;
  return { text: `${title}\n${lines}\nunparsed: ${causes}\n${beside}\n${lost}\n${verdict}\n`, faults };
}

/** What the agent lists must be what is compared, or a point could hide; and nothing may be lost outside points. */
function ledgerFaults(accounts: readonly PointAccount[], ledger: Ledger, inner: number): string[] {
  const seen = accounts.reduce((sum, { agent }) => sum + (agent?.seen ?? 0), 0);
  const faults: string[] = [];
  if (seen !== ledger.seen) faults.push(`the ledger has seen ${ledger.seen}, its points here ${seen}`);
  if (ledger.folded + ledger.own !== 0) faults.push(`folded ${ledger.folded}, own ${ledger.own}: not none`);
  const inSlots = ledger.inner.counted - ledger.inner.pointsOverflow;
  if (inner !== inSlots) {
    faults.push(`inside tunnels ${inSlots} are counted at points, the sightings have ${inner}`);
  }
  return faults;
}

function nameOf({ netns, kernel }: PointAccount): string {
  return `${netns} ${kernel.interface} ${kernel.direction}`;
}

/** Points by name, short-lived ones of a kind together. */
function grouped(accounts: readonly PointAccount[]): [string, string, PointAccount[]][] {
  const groups = new Map<string, [string, string, PointAccount[]]>();
  const kinds = new Map<string, number>();
  const kindOf = (account: PointAccount): string =>
    `${account.netns} ${account.kernel.interface.replace(/\d+$/, '#')}`;
  for (const account of accounts) kinds.set(kindOf(account), (kinds.get(kindOf(account)) ?? 0) + 1);
  for (const account of accounts) {
    const kind = kindOf(account);
    const many = (kinds.get(kind) ?? 0) / 2 > MANY;
    const name = many
      ? `${kind} (${(kinds.get(kind) ?? 0) / 2})`
      : `${account.netns} ${account.kernel.interface}`;
    const key = `${name} ${account.kernel.direction}`;
    const group = groups.get(key);
    if (group) group[2].push(account);
    else groups.set(key, [name, account.kernel.direction, [account]]);
  }
  return [...groups.values()];
}

function total(accounts: readonly PointAccount[]): number[] {
  const each = accounts.map((account) => figures(account));
  return (each[0] ?? []).map((_, column) => each.reduce((sum, row) => sum + (row[column] ?? 0), 0));
}

/** The difference is of absolute values: faults of one point must not make up for another's. */
function figures({ kernel, agent, sighted }: PointAccount): Figures {
  if (!agent) return [kernel.all.packets, 0, 0, 0, 0, 0, 0, 0, 0, kernel.all.packets];
  const difference =
    (kernel.fromStart ? Math.abs(agent.buffers - kernel.all.packets) : 0) +
    Math.abs(agent.seen - sumOf(agent)) +
    Math.abs(agent.counted - agent.pointsOverflow - sighted.packets);
  return [
    ...[kernel.all.packets, agent.buffers, agent.seen, agent.counted, agent.unparsed, agent.mapFull],
    ...[agent.filtered, sighted.packets, agent.pointsOverflow, difference],
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return rows.map(line).join('\n');
}

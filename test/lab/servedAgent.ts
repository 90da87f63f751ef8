/** A `vethscope-agent serve` of a lab, and its ledger. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import type { Lab } from './lab.ts';

const MAIN = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));
export const TOKEN = 'e'.repeat(32);

/** Arguments of Node that serve the lab's node, or what another namespace sees. */
export function serveArguments(
  lab: Lab,
  more: readonly string[] = [],
  { netns, inventory } = { netns: lab.plan.node.netns, inventory: lab.inventory },
): string[] {
  const tokenFile = join(lab.folder, 'token');
  writeFileSync(tokenFile, TOKEN);
  const where = ['--netns', netns, '--inventory', inventory];
  return [MAIN, 'serve', '--token-file', tokenFile, ...where, '--heartbeat-timeout', '60', ...more];
}

/** Waits for the port it listens on. */
export async function portOf(agent: ChildProcess): Promise<number> {
  assert.ok(agent.stdout);
  for await (const line of createInterface({ input: agent.stdout })) {
    return (JSON.parse(line) as { port: number }).port;
  }
  throw new Error('serve ended at once');
}

export async function ledgerOf({ agent }: TestClient): Promise<Ledger> {
  for await (const { ledgerJson } of agent.streamLedger({})) return JSON.parse(ledgerJson) as Ledger;
  throw new Error('the agent sent no ledger');
}

/** What a large cluster's pods and Services cost when they are pushed to a fresh agent: time until it has them, and memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../agent/src/server/testClient.fixture.ts';
import { Lab } from '../lab/lab.ts';
import { SHIPPED_COMMAND } from '../lab/observe.ts';
import { portOf, TOKEN } from '../lab/servedAgent.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { largeInventory, PODS, SERVICES } from './largeInventory.ts';

/** As many as the extension sends at once (src/session/inventoryPush.ts). */
const OBJECTS_A_MESSAGE = 500;
const ROUNDS = 3;
const SECONDS_AIM = 1;
const MEMORY_AIM = 40;
/** Until garbage of the push has been collected, milliseconds. */
const REST = 5000;

export async function measureInventory(): Promise<Figure[]> {
  const lab = await Lab.build();
  try {
    const rounds: { seconds: number; memory: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await push(lab));
    const [seconds, memory] = [
      median(rounds.map((one) => one.seconds)),
      median(rounds.map((one) => one.memory)),
    ];
    const what = `${PODS} pods and ${SERVICES} Services pushed to an agent`;
    return [
      figure(
        `${what}: until it has them`,
        `${seconds.toFixed(2)} s`,
        `<= ${SECONDS_AIM} s`,
        seconds <= SECONDS_AIM,
      ),
      figure(`${what}: memory`, `${memory.toFixed(0)} MB`, `<= ${MEMORY_AIM} MB`, memory <= MEMORY_AIM),
    ];
  } finally {
    await lab.close();
  }
}

async function push(lab: Lab): Promise<{ seconds: number; memory: number }> {
  const tokenFile = join(lab.folder, 'token');
  writeFileSync(tokenFile, TOKEN);
  const where = ['--netns', lab.plan.node.netns, '--heartbeat-timeout', '120'];
  const args = [...SHIPPED_COMMAND, 'serve', '--token-file', tokenFile, ...where];
  const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const client = connect(await portOf(agent), TOKEN);
  try {
    const objects = largeInventory().map((object) => JSON.stringify(object));
    await client.agent.pushInventory({ reset: true, upserts: [], deletedUids: [] });
    await sleep(REST);
    const before = resident(agent.pid ?? 0);
    const start = performance.now();
    for (let from = 0; from < objects.length; from += OBJECTS_A_MESSAGE) {
      const upserts = objects.slice(from, from + OBJECTS_A_MESSAGE);
      await client.agent.pushInventory({ reset: false, upserts, deletedUids: [] });
    }
    const seconds = (performance.now() - start) / 1000;
    await sleep(REST);
    return { seconds, memory: resident(agent.pid ?? 0) - before };
  } finally {
    client.close();
    agent.kill('SIGTERM');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  }
}

/** MB */
function resident(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1000;
}

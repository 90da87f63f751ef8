/**
 * Makes test/e2e/recordings/lab.jsonl, which the demo plays where it cannot observe: 30 seconds of the lab's shop,
 * recorded by the agent. Run as root on Linux: node test/e2e/recordings/record.ts
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { Lab } from '../../lab/lab.ts';
import { openShop } from '../../lab/shop.ts';

const SECONDS = 30;
const agent = resolve(import.meta.dirname, '../../../agent/src/main.ts');
const lab = await Lab.build();
try {
  await openShop(lab);
  const { name, netns } = lab.plan.node;
  const observed = ['--node', name, '--netns', netns, '--inventory', lab.inventory];
  const written = [
    '--record',
    join(import.meta.dirname, 'lab.jsonl'),
    '--first-client-timeout',
    String(SECONDS),
  ];
  // Nobody connects: it ends by itself when its first client does not come.
  const child = spawn(process.execPath, [agent, 'serve', '--token-file', '-', ...observed, ...written], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  child.stdin.end(randomBytes(32).toString('hex'));
  await once(child, 'exit');
} finally {
  await lab.close();
}

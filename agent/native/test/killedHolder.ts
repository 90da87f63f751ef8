import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import type { CollectorOptions } from '../index.d.ts';
import type { Held } from './holder.ts';
import type { End } from './vethPair.ts';

const holder = resolve(import.meta.dirname, 'holder.ts');

/** A process that observes both directions of an interface until it is killed. */
export interface Holder {
  readonly held: Held;
  /** Ends it by SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

export async function startHolder(end: End, options: Partial<CollectorOptions>): Promise<Holder> {
  const child = spawn(
    process.execPath,
    [holder, end.path, String(end.ifindex), 'wait', JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(() => {
      throw new Error('the holder ended before it had attached');
    }),
  ]);
  return {
    held: JSON.parse(String(line[0])) as Held,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/**
 * A process or worker that holds handles open: `holder.ts NAMESPACE IFINDEX WAY [OPTIONS]`. Attaches both directions, opens a
 * watch and an event reader, says what it has, then ends (or waits) the way it is told.
 */
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

import type { CollectorOptions } from '../index.d.ts';
import { addon, openCollector } from './addon.ts';

export interface Held {
  links: number[];
  programs: number[];
}

export type Way = 'wait' | 'return' | 'exit' | 'throw' | 'drain' | 'collect';

declare const gc: (() => void) | undefined;

interface Holding {
  held: Held;
  drain: () => Promise<unknown>;
  follow: () => void;
  /** To be kept by whoever does not want the attachments collected. */
  handles: unknown[];
}

/** Everything is reachable from this function's frame and its result only. */
function hold(path: string, ifindex: number, options: Partial<CollectorOptions>): Holding {
  const netns = new addon.NetworkNamespace(path);
  const collector = openCollector(options);
  const attachments = (['ingress', 'egress'] as const).map((direction) =>
    collector.attach(netns, ifindex, direction),
  );
  netns.watch(() => {});
  netns.watchConntrack('all');
  // Still under way when a worker ends.
  void netns.conntrack('all');
  collector.events(() => {});
  return {
    held: {
      links: attachments.map((attachment) => attachment.linkId),
      programs: attachments.map((attachment) => attachment.programId),
    },
    drain: () => collector.drain(),
    follow: () => {
      const follower = collector.follow(netns, ['lo'], () => follower.take());
    },
    handles: attachments,
  };
}

async function collectGarbage(): Promise<void> {
  if (!gc) throw new Error('run with --expose-gc');
  for (let round = 0; round < 10 && addon.openHandles() > 0; round += 1) {
    gc();
    await setTimeout(20);
  }
}

async function main(
  path: string,
  ifindex: number,
  way: Way,
  options: Partial<CollectorOptions> = {},
): Promise<void> {
  const say = (message: unknown): void => {
    if (parentPort) parentPort.postMessage(message);
    else console.log(JSON.stringify(message));
  };
  if (way === 'collect') {
    say(hold(path, ifindex, options).held);
    await collectGarbage();
    say({ open: addon.openHandles() });
    await setTimeout(60_000);
    return;
  }
  const { held, drain, follow, handles } = hold(path, ifindex, options);
  // What it attaches is under way when a worker ends.
  follow();
  if (way === 'drain') {
    say(held);
    for (;;) await drain();
  }
  say(held);
  if (way === 'exit') process.exit(0);
  if (way === 'throw') throw new Error('thrown on purpose');
  // A minor collection may come at any time: what the test looks for stays reachable.
  if (way === 'wait') await setTimeout(60_000, handles);
}

if (!isMainThread) {
  const { path, ifindex, way } = workerData as { path: string; ifindex: number; way: Way };
  await main(path, ifindex, way);
} else if (process.argv[1] === import.meta.filename) {
  const [, , path = '', ifindex = '', way = '', options = '{}'] = process.argv;
  await main(path, Number(ifindex), way as Way, JSON.parse(options) as Partial<CollectorOptions>);
}

/** The kernel frees a map of many entries for seconds after its process has ended: the next figures would pay for it. */
import { readFileSync } from 'node:fs';
import { delay } from '../../lab/commands.ts';

const SPAN_MILLISECONDS = 500;
/** Share of all CPUs that is busy at rest. */
const AT_REST = 0.15;
const MOST_SPANS = 60;

/** Waits until the machine is at rest, half a minute at most: another user of it may never be. */
export async function untilQuiet(): Promise<void> {
  for (let span = 0; span < MOST_SPANS; span += 1) {
    const before = times();
    await delay(SPAN_MILLISECONDS);
    const after = times();
    if ((after.busy - before.busy) / (after.all - before.all) < AT_REST) return;
  }
}

/** Jiffies of all CPUs since the start: the first line of /proc/stat (proc(5)). */
function times(): { busy: number; all: number } {
  const [, ...fields] = (readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '').trim().split(/\s+/);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = fields.map(Number);
  const all = [user, nice, system, idle, wait, ...rest.slice(0, 3)].reduce((sum, one) => sum + one, 0);
  return { busy: all - idle - wait, all };
}

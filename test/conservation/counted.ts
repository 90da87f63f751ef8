/**
 * An agent and the kernel's counters that begin and end between the same two packets. Its links are attached one by one,
 * and taken off so, and what passes meanwhile would be on one side only; so nothing may pass meanwhile.
 */
import { until } from '../lab/commands.ts';
import { AgentRun } from './agentRun.ts';
import type { AgentOptions } from './agentRun.ts';
import type { HookCount, HookCounters } from './hookCounters.ts';
import type { Tally } from './tally.ts';

/**
 * Starts the agent; null when packets passed while it attached, and then it has ended again.
 * @param links how many attachments there are when every interface is attached to, two an interface
 */
export async function startCounted(
  options: AgentOptions,
  counters: readonly HookCounters[],
  links: () => number,
): Promise<AgentRun | null> {
  const agent = AgentRun.start(options);
  try {
    let before = counters.map((one) => one.readAll());
    await until('the agent to attach to every interface', 60, () => {
      const reading = counters.map((one) => one.readAll());
      const attached = agent.attachments().length;
      if (attached === 0) before = reading;
      return attached === links() ? true : null;
    });
    if (
      same(
        before,
        counters.map((one) => one.readAll()),
      )
    ) {
      for (const [index, one] of counters.entries()) one.startFrom(before[index] ?? []);
      return agent;
    }
  } catch (error) {
    await agent.kill();
    throw error;
  }
  await agent.kill();
  return null;
}

/**
 * Ends the agent; gives what both counted. @throws when packets passed while it detached
 * @param silence how long nothing must have passed before, milliseconds
 */
export async function endCounted(
  agent: AgentRun,
  counters: readonly HookCounters[],
  silence: number,
): Promise<{ kernel: HookCount[][]; tally: Tally }> {
  let before = await silent(counters, silence);
  const links = agent.attachments().length;
  agent.interrupt();
  // The last reading before the first program was off: a busy agent takes its time, and what passes until then counts.
  await until('the agent to detach', 60, () => {
    const reading = counters.map((one) => one.read());
    const attached = agent.exited ? 0 : agent.attachments().length;
    if (attached === links) before = reading;
    return attached === 0 ? true : null;
  });
  const kernel = counters.map((one) => one.read());
  if (!same(before, kernel)) {
    throw new Error('packets passed while the agent detached; the account cannot be made');
  }
  return { kernel, tally: await agent.end() };
}

/** Waits until nothing has passed any hook for a while; the reading of then. */
async function silent(counters: readonly HookCounters[], milliseconds: number): Promise<HookCount[][]> {
  let before: HookCount[][] = [];
  let since = Date.now();
  return await until('silence at every interface', 90, () => {
    const now = counters.map((one) => one.read());
    if (!same(before, now)) since = Date.now();
    before = now;
    return Date.now() - since >= milliseconds ? now : null;
  });
}

function same(one: readonly HookCount[][], other: readonly HookCount[][]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

import type { LocalTargetSetting } from '../contributions.ts';
import type { Log } from '../kube/log.ts';
import { EMPTY_INVENTORY, inventoryFile } from './inventorySource.ts';
import { startLocalAgent } from './localProcess.ts';
import type { AgentStarter } from './managedAgent.ts';

/** Starts an agent as a process of this machine. */
export function localStarter(local: LocalTargetSetting, program: string, log: Log): AgentStarter {
  return {
    attempts: [
      ({ signal, onStatus }) => {
        onStatus(`Starting the agent for ${local.name}…`);
        return startLocalAgent({ local, program, log, signal });
      },
    ],
    inventory: async () => {
      const source = local.inventory === undefined ? EMPTY_INVENTORY : await inventoryFile(local.inventory);
      return { ...source, dispose: () => {} };
    },
  };
}

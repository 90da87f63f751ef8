import { workspace } from 'vscode';
import type { Setting, Settings } from './contributions.ts';
import type { AgentSettings } from './session/types.ts';

/** A setting with its type; package.json gives every one a default. */
export function readSetting<K extends Setting>(setting: K): Settings[K] {
  const value = workspace.getConfiguration().get<Settings[K]>(setting);
  if (value === undefined) throw new Error(`the setting ${setting} has no default in package.json`);
  return value;
}

/** How long a request may take, in milliseconds. */
export function requestTimeout(): number {
  return readSetting('vethscope.requestTimeoutSeconds') * 1000;
}

export function agentSettings(): AgentSettings {
  return {
    'vethscope.agent.image': readSetting('vethscope.agent.image'),
    'vethscope.agent.namespace': readSetting('vethscope.agent.namespace'),
    'vethscope.agent.privileges': readSetting('vethscope.agent.privileges'),
    'vethscope.agent.maximumHours': readSetting('vethscope.agent.maximumHours'),
    'vethscope.requestTimeoutSeconds': readSetting('vethscope.requestTimeoutSeconds'),
  };
}

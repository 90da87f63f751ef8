/** What VS Code knows of us is what the one typed source says. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { COMMANDS, INTERFACES_VIEW, SETTINGS } from '../../../src/contributions.ts';

describe('contributions', () => {
  it('every command is registered', async () => {
    await vscode.extensions.getExtension('vethscope.vethscope')?.activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      Object.keys(COMMANDS).filter((command) => !registered.has(command)),
      [],
    );
  });

  it('every setting has its default', () => {
    for (const [setting, schema] of Object.entries(SETTINGS)) {
      const inspected = vscode.workspace.getConfiguration().inspect(setting);
      assert.deepEqual(inspected?.defaultValue, (schema as { default: unknown }).default, setting);
    }
  });

  it('settings that choose what runs cannot come from a folder', async () => {
    const settings = vscode.workspace.getConfiguration();
    await assert.rejects(
      async () => settings.update('vethscope.agent.image', 'evil', vscode.ConfigurationTarget.Workspace),
      /Workspace/,
    );
  });

  it('the view Node Interfaces opens', async () => {
    await vscode.commands.executeCommand(`${INTERFACES_VIEW}.focus`);
  });
});

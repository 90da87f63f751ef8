/** Brings everything that the chosen parts need; what is there already costs nothing. */
import { buildBinaries, builtBinaries } from '../../test/cluster/binaries.ts';
import { buildImages } from '../../test/cluster/images/build.ts';
import { installCodeServer } from './codeServer.ts';
import { projectEnvironment } from './environment.ts';
import { installPackages } from './packages.ts';
import type { Part } from './parts.ts';
import { logFile, runLogged, SetupError, step } from './step.ts';

/** @throws {SetupError} saying what a person must bring */
export async function setUp(parts: readonly Part[]): Promise<void> {
  const wants = (part: Part) => parts.includes(part);
  await step('Debian packages', () => installPackages(parts));
  if (wants('native')) await step('collector and addon', () => build('tools/buildNative.ts'));
  if (wants('bundles')) await step('bundles', () => build('tools/build.ts'));
  // One compiles much and downloads little, the other downloads first: side by side they fill two cores.
  const results = await Promise.allSettled([
    ...(wants('vscode') ? [step('code-server', installCodeServer)] : []),
    ...(wants('cluster') ? [step('Kubernetes and its images', buildCluster)] : []),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function build(script: string): Promise<string> {
  const log = logFile(script.replaceAll(/\W+/g, '-'));
  await runLogged([process.execPath, script], { log, env: projectEnvironment() });
  return 'built';
}

async function buildCluster(): Promise<string> {
  const had = builtBinaries() !== undefined;
  try {
    await buildImages(await buildBinaries());
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error));
  }
  return had ? 'in the cache' : 'built';
}

import { join } from 'node:path';
import { kubeconfigOf } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { binaryFolder } from './binaries.ts';
import { run, tryRun } from './command.ts';
import type { CommandOptions } from './command.ts';

/** The kubectl that came with the cluster. */
export const kubectlProgram = () => join(binaryFolder(), 'kubectl');

export interface KubectlOptions extends CommandOptions {
  /** Whose kubeconfig. Default admin. */
  readonly user?: string;
}

const withUser = (cluster: Pick<Cluster, 'folder'>, args: readonly string[], options: KubectlOptions) => [
  `--kubeconfig=${kubeconfigOf(cluster, options.user ?? 'admin')}`,
  ...args,
];

/** @returns kubectl's standard output; throws a CommandError when it fails */
export const kubectl = (
  cluster: Pick<Cluster, 'folder'>,
  args: readonly string[],
  options: KubectlOptions = {},
) => run(kubectlProgram(), withUser(cluster, args, options), options);

/** Like {@link kubectl}; undefined when it fails. */
export const tryKubectl = (
  cluster: Pick<Cluster, 'folder'>,
  args: readonly string[],
  options: KubectlOptions = {},
) => tryRun(kubectlProgram(), withUser(cluster, args, options), options);

/** Applies a manifest after replacing each `${NAME}` in it. */
export async function applyManifest(
  cluster: Pick<Cluster, 'folder'>,
  manifest: string,
  values: Readonly<Record<string, string>> = {},
): Promise<void> {
  const input = manifest.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the manifest asks for \${${name}}, which has no value`);
    return value;
  });
  await kubectl(cluster, ['apply', '-f', '-'], { input, timeout: 60_000 });
}

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { KubeError } from './errors.ts';
import { parseKubeconfig } from './kubeconfigFile.ts';

/** A merged kubeconfig: kubectl's result with kubectl's field names, every path absolute. */
export interface Kubeconfig {
  /** The files that were read, in order of precedence. */
  readonly files: readonly string[];
  /** Files that were asked for and do not exist; kubectl skips them too. */
  readonly missing: readonly string[];
  /** Empty when no file names one. */
  readonly currentContext: string;
  readonly contexts: readonly KubeconfigContext[];
  readonly clusters: readonly KubeconfigCluster[];
  readonly users: readonly KubeconfigUser[];
}

export interface KubeconfigContext {
  readonly name: string;
  readonly file: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string | undefined;
}

export interface KubeconfigCluster {
  readonly name: string;
  readonly file: string;
  readonly cluster: {
    readonly server?: string | undefined;
    readonly 'certificate-authority'?: string | undefined;
    readonly 'certificate-authority-data'?: string | undefined;
    readonly 'insecure-skip-tls-verify'?: boolean | undefined;
    readonly 'tls-server-name'?: string | undefined;
    readonly 'proxy-url'?: string | undefined;
    readonly extensions?: readonly { readonly name: string; readonly extension: unknown }[] | undefined;
  };
}

export interface KubeconfigUser {
  readonly name: string;
  readonly file: string;
  readonly user: {
    readonly 'client-certificate'?: string | undefined;
    readonly 'client-certificate-data'?: string | undefined;
    readonly 'client-key'?: string | undefined;
    readonly 'client-key-data'?: string | undefined;
    readonly token?: string | undefined;
    readonly tokenFile?: string | undefined;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly as?: string | undefined;
    readonly 'as-groups'?: readonly string[] | undefined;
    readonly 'auth-provider'?: Readonly<Record<string, unknown>> | undefined;
    readonly exec?: ExecSpecification | undefined;
  };
}

/** A credential plugin as the kubeconfig names it. */
export interface ExecSpecification {
  readonly apiVersion?: string | undefined;
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly installHint?: string | undefined;
  readonly interactiveMode?: string | undefined;
  readonly provideClusterInfo?: boolean | undefined;
}

export interface KubeconfigSources {
  /** The setting; files separated as in KUBECONFIG. Empty or absent: the environment decides. */
  readonly setting?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
}

/** The files that would be read: the setting, else KUBECONFIG, else ~/.kube/config. Without repeats. */
export function kubeconfigFiles(sources: KubeconfigSources): readonly string[] {
  const home = sources.home ?? homedir();
  const environment = sources.environment ?? process.env;
  const list = [sources.setting, environment.KUBECONFIG].find((text) => text !== undefined && text !== '');
  if (list === undefined) return [join(home, '.kube', 'config')];
  const files = list
    .split(delimiter)
    .filter((file) => file !== '')
    .map((file) => (file.startsWith(`~${sep}`) || file.startsWith('~/') ? join(home, file.slice(2)) : file))
    .map((file) => resolve(file));
  return [...new Set(files)];
}

/**
 * Reads and merges as kubectl does: of entries with one name the first file's wins whole, `current-context` is the
 * first that is not empty, files that do not exist are skipped. No file at all gives an empty result, not an error.
 * @throws KubeError of kind `kubeconfig` naming file, line and column
 */
export async function loadKubeconfig(sources: KubeconfigSources = {}): Promise<Kubeconfig> {
  const contexts = new Map<string, KubeconfigContext>();
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  const files: string[] = [];
  const missing: string[] = [];
  let currentContext = '';
  for (const file of kubeconfigFiles(sources)) {
    const text = await readIfThere(file);
    if (text === null) {
      missing.push(file);
      continue;
    }
    files.push(file);
    const parsed = parseKubeconfig(text, file);
    if (currentContext === '') currentContext = parsed.currentContext;
    for (const { name, value } of parsed.contexts) {
      if (!contexts.has(name)) contexts.set(name, { name, file, ...contextFields(value) });
    }
    for (const { name, value } of parsed.clusters) {
      if (!clusters.has(name)) clusters.set(name, { name, file, cluster: absoluteClusterPaths(value, file) });
    }
    for (const { name, value } of parsed.users) {
      if (!users.has(name)) users.set(name, { name, file, user: absoluteUserPaths(value, file) });
    }
  }
  return {
    files,
    missing,
    currentContext,
    contexts: [...contexts.values()],
    clusters: [...clusters.values()],
    users: [...users.values()],
  };
}

/** The context with its cluster and user. @throws KubeError when one of the three is defined nowhere */
export function resolveContext(
  kubeconfig: Kubeconfig,
  name: string,
): { context: KubeconfigContext; cluster: KubeconfigCluster; user: KubeconfigUser } {
  const context = kubeconfig.contexts.find((candidate) => candidate.name === name);
  const where = kubeconfig.files.join(', ');
  if (context === undefined) {
    const known = kubeconfig.contexts.map((candidate) => candidate.name).join(', ');
    throw new KubeError({
      kind: 'kubeconfig',
      what: name === '' ? 'No current context is set' : `There is no context "${name}"`,
      where,
      why: known === '' ? 'the kubeconfig defines no context' : `the kubeconfig defines ${known}`,
      next: 'Choose another context, or add it to the kubeconfig.',
    });
  }
  const cluster = kubeconfig.clusters.find((candidate) => candidate.name === context.cluster);
  if (cluster?.cluster.server === undefined || cluster.cluster.server === '') {
    throw new KubeError({
      kind: 'kubeconfig',
      what: `Context "${name}" has no API server`,
      where: context.file,
      why:
        cluster === undefined
          ? `no file defines its cluster "${context.cluster}"`
          : `its cluster "${context.cluster}" has no "server"`,
      next: 'Add the cluster with its server to the kubeconfig.',
    });
  }
  const user = kubeconfig.users.find((candidate) => candidate.name === context.user);
  if (user === undefined && context.user !== '') {
    throw new KubeError({
      kind: 'kubeconfig',
      what: `Context "${name}" has no user`,
      where: context.file,
      why: `no file defines its user "${context.user}"`,
      next: 'Add the user to the kubeconfig.',
    });
  }
  return { context, cluster, user: user ?? { name: '', file: context.file, user: {} } };
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new KubeError(
      {
        kind: 'kubeconfig',
        what: 'The kubeconfig cannot be read',
        where: file,
        why: error instanceof Error ? error.message : String(error),
        next: 'Correct the file, or choose another in the setting vethscope.kubeconfig.',
      },
      { cause: error },
    );
  }
}

function contextFields(
  value: Readonly<Record<string, unknown>>,
): Pick<KubeconfigContext, 'cluster' | 'user' | 'namespace'> {
  const text = (key: string): string => (typeof value[key] === 'string' ? value[key] : '');
  const namespace = text('namespace');
  return {
    cluster: text('cluster'),
    user: text('user'),
    ...(namespace === '' ? {} : { namespace }),
  };
}

const besideFile = (path: string, file: string): string =>
  isAbsolute(path) ? path : join(dirname(file), path);

function absoluteClusterPaths(
  value: Readonly<Record<string, unknown>>,
  file: string,
): KubeconfigCluster['cluster'] {
  const cluster: KubeconfigCluster['cluster'] = value;
  const authority = cluster['certificate-authority'];
  return authority ? { ...cluster, 'certificate-authority': besideFile(authority, file) } : cluster;
}

function absoluteUserPaths(value: Readonly<Record<string, unknown>>, file: string): KubeconfigUser['user'] {
  const user: KubeconfigUser['user'] = value;
  const absolute: Record<string, unknown> = { ...user };
  for (const key of ['client-certificate', 'client-key', 'tokenFile'] as const) {
    const path = user[key];
    if (path) absolute[key] = besideFile(path, file);
  }
  // As kubectl: a command without a separator is looked up in PATH.
  const command = user.exec?.command;
  if (user.exec && command && (command.includes('/') || command.includes(sep))) {
    absolute.exec = { ...user.exec, command: besideFile(command, file) };
  }
  return absolute;
}

import { spawn } from 'node:child_process';
import { KubeError, type Problem } from './errors.ts';
import type { ExecSpecification, KubeconfigCluster } from './kubeconfig.ts';

/** What a credential plugin gave. Never logged. */
export interface ExecCredential {
  readonly token?: string;
  /** PEM. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Milliseconds since the epoch; absent: until the API server answers 401. */
  readonly expires?: number;
}

export interface ExecCredentialOptions {
  readonly specification: ExecSpecification;
  /** User entry of the kubeconfig and its file, for messages. */
  readonly user: string;
  readonly file: string;
  readonly cluster: KubeconfigCluster['cluster'];
  readonly timeoutMilliseconds: number;
  /** A sentence while the plugin runs, with what it last wrote to standard error (a login address); then null. */
  readonly onProgress?: ((message: string | null) => void) | undefined;
  readonly now?: () => number;
}

/** At most this long before its end a credential counts as expired. */
const SKEW_MILLISECONDS = 60_000;
const OUTPUT_LIMIT = 1 << 20;

/** One user's credential plugin: runs it when needed, once at a time, and keeps the result until shortly before it ends. */
export class ExecCredentialSource {
  readonly #options: ExecCredentialOptions;
  #running: Promise<ExecCredential> | null = null;
  #cached: { readonly credential: ExecCredential; readonly refreshAt: number } | null = null;

  constructor(options: ExecCredentialOptions) {
    this.#options = options;
  }

  /** @throws KubeError of kind `credential-plugin` */
  async get(): Promise<ExecCredential> {
    const now = this.#options.now ?? Date.now;
    if (this.#cached !== null && now() < this.#cached.refreshAt) return this.#cached.credential;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Drops `refused` after a 401; keeps what a concurrent request has already renewed. */
  invalidate(refused: ExecCredential): void {
    if (this.#cached?.credential === refused) this.#cached = null;
  }

  async #run(): Promise<ExecCredential> {
    const started = (this.#options.now ?? Date.now)();
    const credential = await runPlugin(this.#options);
    const lifetime = credential.expires === undefined ? Infinity : credential.expires - started;
    // A short-lived token is used for three quarters of its life.
    const refreshAt = started + lifetime - Math.min(SKEW_MILLISECONDS, lifetime / 4);
    this.#cached = { credential, refreshAt: lifetime === Infinity ? Infinity : refreshAt };
    return credential;
  }
}

async function runPlugin(options: ExecCredentialOptions): Promise<ExecCredential> {
  const { specification, onProgress } = options;
  const command = specification.command ?? '';
  if (command === '') {
    throw pluginError(
      options,
      'The credential plugin has no command',
      '"exec.command" is empty',
      'Name the command in the kubeconfig.',
    );
  }
  const commandLine = [command, ...(specification.args ?? [])].join(' ');
  if (specification.interactiveMode === 'Always') {
    throw pluginError(
      options,
      'The credential plugin needs a terminal',
      'its "interactiveMode" is "Always"',
      `Run "${commandLine}" in a terminal to log in, and set "interactiveMode: IfAvailable".`,
    );
  }
  onProgress?.(`Running the credential plugin ${command}…`);
  try {
    const output = await spawnPlugin(options, command);
    return parseCredential(options, output);
  } finally {
    onProgress?.(null);
  }
}

/** Resolves with standard output when the plugin exits with 0. */
function spawnPlugin(options: ExecCredentialOptions, command: string): Promise<string> {
  const { specification, onProgress, timeoutMilliseconds } = options;
  return new Promise((resolve, reject) => {
    // A process group of its own, so that a time-out also ends what the plugin started.
    const ownGroup = process.platform !== 'win32';
    const child = spawn(command, specification.args ?? [], {
      env: { ...process.env, ...pluginEnvironment(options) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
      windowsHide: true,
    });
    let output = '';
    let messages = '';
    let settled = false;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      finish();
    };
    const kill = (): void => {
      try {
        if (ownGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch (error) {
        // ESRCH: it ended by itself at this moment.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    };
    const timer = setTimeout(() => {
      settle(() => {
        const seconds = timeoutMilliseconds / 1000;
        const said = lastLine(messages);
        reject(
          pluginError(
            options,
            'The credential plugin does not end',
            `${command} was stopped after ${seconds} s${said === '' ? '' : `; it last said "${said}"`}`,
            'Log in from a terminal first, or raise vethscope.requestTimeoutSeconds.',
          ),
        );
      });
      kill();
    }, timeoutMilliseconds);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length <= OUTPUT_LIMIT) return;
      settle(() =>
        reject(
          pluginError(
            options,
            'The credential plugin writes too much',
            `${command} wrote over 1 MiB`,
            'Check the command in the kubeconfig.',
          ),
        ),
      );
      kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      messages = (messages + text).slice(-4096);
      const line = lastLine(messages);
      if (line !== '') onProgress?.(`${command}: ${line}`);
    });
    child.on('error', (error) => settle(() => reject(startError(options, command, error))));
    child.on('close', (code, signal) => {
      settle(() => {
        if (code === 0) {
          resolve(output);
          return;
        }
        const said = messages.trim().slice(-500);
        const ended = code === null ? `ended by ${signal ?? 'a signal'}` : `exit code ${code}`;
        reject(
          pluginError(
            options,
            'The credential plugin failed',
            `${command}: ${said === '' ? ended : `${said} (${ended})`}`,
            'Log in from a terminal, then retry.',
          ),
        );
      });
    });
  });
}

function startError(options: ExecCredentialOptions, command: string, error: Error): KubeError {
  const missing = 'code' in error && error.code === 'ENOENT';
  const hint = (options.specification.installHint ?? '').trim().replace(/\s*\n\s*/g, ' ');
  return pluginError(
    options,
    missing ? 'The credential plugin is not installed' : 'The credential plugin cannot be started',
    missing ? `"${command}" was not found` : error.message,
    missing && hint !== '' ? hint : `Install ${command} or correct the user in the kubeconfig.`,
    error,
  );
}

/** Variables of the kubeconfig and KUBERNETES_EXEC_INFO, as client-go gives them. */
function pluginEnvironment(options: ExecCredentialOptions): Record<string, string> {
  const { specification, cluster } = options;
  const environment: Record<string, string> = {};
  for (const { name, value } of specification.env ?? []) environment[name] = value;
  const config = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec');
  const clusterInfo = {
    server: cluster.server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
    'certificate-authority-data': cluster['certificate-authority-data'],
    'proxy-url': cluster['proxy-url'],
    config: config?.extension,
  };
  environment.KUBERNETES_EXEC_INFO = JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: apiVersion(specification),
    spec: {
      interactive: false,
      ...(specification.provideClusterInfo === true ? { cluster: clusterInfo } : {}),
    },
  });
  return environment;
}

const apiVersion = (specification: ExecSpecification): string =>
  specification.apiVersion ?? 'client.authentication.k8s.io/v1beta1';

function parseCredential(options: ExecCredentialOptions, output: string): ExecCredential {
  const invalid = (why: string): KubeError =>
    pluginError(
      options,
      'The credential plugin gave no credential',
      why,
      'Check the command in the kubeconfig by running it in a terminal.',
    );
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    // The output is not shown: part of it may be a token.
    throw invalid(error instanceof SyntaxError ? 'its output is not JSON' : String(error));
  }
  const answer = record(value);
  const status = record(answer.status);
  if (answer.kind !== 'ExecCredential') throw invalid('its output is not an ExecCredential');
  if (answer.apiVersion !== apiVersion(options.specification)) {
    throw invalid(
      `its answer has apiVersion ${String(answer.apiVersion)}, the kubeconfig asks for ${apiVersion(options.specification)}`,
    );
  }
  const token = text(status.token);
  const clientCertificate = text(status.clientCertificateData);
  const clientKey = text(status.clientKeyData);
  if (token === undefined && (clientCertificate === undefined || clientKey === undefined)) {
    throw invalid('its answer has neither a token nor a client certificate with its key');
  }
  const end = text(status.expirationTimestamp);
  const expires = end === undefined ? undefined : Date.parse(end);
  if (expires !== undefined && Number.isNaN(expires)) throw invalid(`its expirationTimestamp is not a time`);
  return {
    ...(token === undefined ? {} : { token }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(expires === undefined ? {} : { expires }),
  };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const lastLine = (text: string): string => text.trim().split(/\r?\n/).at(-1)?.trim().slice(0, 300) ?? '';

function pluginError(
  options: ExecCredentialOptions,
  what: string,
  why: string,
  next: string,
  cause?: Error,
): KubeError {
  const where = `user "${options.user}" in ${options.file}`;
  const problem: Problem = { kind: 'credential-plugin', what, where, why, next };
  return new KubeError(problem, cause === undefined ? undefined : { cause });
}

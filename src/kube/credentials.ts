import { readFile } from 'node:fs/promises';
import https from 'node:https';
import http from 'node:http';
import type { KubeConfig } from '@kubernetes/client-node';
import { KubeError } from './errors.ts';
import { ExecCredentialSource, type ExecCredential } from './execCredential.ts';
import {
  resolveContext,
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigUser,
} from './kubeconfig.ts';

/** What a request needs to reach the API server as this user: TLS, headers, agent (keep-alive, proxy). */
export interface RequestCredentials {
  readonly options: https.RequestOptions;
  /** The plugin's credential in it, to be invalidated on 401; null without a plugin. */
  readonly plugin: ExecCredential | null;
}

interface Connection {
  /** Loading, so that requests at the same moment share it. */
  readonly kubeConfig: Promise<KubeConfig>;
  readonly plugin: ExecCredential | null;
  /** Ours unless the cluster has a proxy: client-node's agents do not keep connections alive. */
  agent: http.Agent | null;
}

/**
 * Authentication of one context, by @kubernetes/client-node's KubeConfig except for credential plugins, which it runs
 * without time-out, environment or messages. It is loaded on first use: it costs 150 ms and 15 MB.
 */
export class Credentials {
  readonly server: string;
  readonly namespace: string;
  readonly #context: string;
  readonly #cluster: KubeconfigCluster;
  readonly #user: KubeconfigUser;
  readonly #plugin: ExecCredentialSource | null;
  #connection: Connection | null = null;

  constructor(
    kubeconfig: Kubeconfig,
    context: string,
    options: { timeoutMilliseconds: number; onProgress?: ((message: string | null) => void) | undefined },
  ) {
    const resolved = resolveContext(kubeconfig, context);
    this.#context = context;
    this.#cluster = resolved.cluster;
    this.#user = resolved.user;
    this.server = (resolved.cluster.cluster.server ?? '').replace(/\/+$/, '');
    this.namespace = resolved.context.namespace ?? 'default';
    const specification = resolved.user.user.exec;
    this.#plugin =
      specification === undefined
        ? null
        : new ExecCredentialSource({
            specification,
            user: resolved.user.name,
            file: resolved.user.file,
            cluster: resolved.cluster.cluster,
            timeoutMilliseconds: options.timeoutMilliseconds,
            onProgress: options.onProgress,
          });
  }

  /** @throws KubeError of kind `credential-plugin`, `kubeconfig` or `unauthenticated` */
  async forRequest(): Promise<RequestCredentials> {
    const plugin = this.#plugin === null ? null : await this.#plugin.get();
    if (this.#connection === null || this.#connection.plugin !== plugin) {
      this.close();
      this.#connection = { kubeConfig: this.#load(plugin), plugin, agent: null };
    }
    const connection = this.#connection;
    const options: https.RequestOptions = {};
    try {
      const kubeConfig = await connection.kubeConfig;
      await kubeConfig.applyToHTTPSOptions(options);
    } catch (error) {
      if (this.#connection === connection) this.close();
      if (error instanceof KubeError) throw error;
      throw new KubeError(
        {
          kind: 'unauthenticated',
          what: 'The credentials of the context cannot be used',
          where: `user "${this.#user.name}" in ${this.#user.file}`,
          why: error instanceof Error ? error.message : String(error),
          next: 'Log in again or correct the user in the kubeconfig.',
        },
        { cause: error },
      );
    }
    if (this.#cluster.cluster['proxy-url'] === undefined) {
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      connection.agent ??= this.server.startsWith('http:')
        ? new http.Agent({ keepAlive: true })
        : new https.Agent({ ca, cert, key, rejectUnauthorized, servername, keepAlive: true });
      options.agent = connection.agent;
    }
    const groups = this.#user.user['as-groups'];
    if (groups !== undefined) {
      const headers = options.headers as http.OutgoingHttpHeaders | undefined;
      options.headers = { ...headers, 'Impersonate-Group': [...groups] };
    }
    return { options, plugin };
  }

  /** Tells that the server answered 401 to this. True when a new attempt has a chance: another credential comes then. */
  refused(credentials: RequestCredentials): boolean {
    if (this.#plugin === null || credentials.plugin === null) return false;
    this.#plugin.invalidate(credentials.plugin);
    return true;
  }

  close(): void {
    this.#connection?.agent?.destroy();
    this.#connection = null;
  }

  async #load(plugin: ExecCredential | null): Promise<KubeConfig> {
    const { KubeConfig: KubeConfigClass } = await import('@kubernetes/client-node');
    const { cluster } = this.#cluster;
    const { user } = this.#user;
    const kubeConfig = new KubeConfigClass();
    const base64 = (pem: string | undefined): string | undefined =>
      pem === undefined ? undefined : Buffer.from(pem).toString('base64');
    kubeConfig.loadFromOptions({
      clusters: [
        {
          name: this.#cluster.name,
          server: this.server,
          caData: await this.#inline(cluster, 'certificate-authority', this.#cluster.file),
          tlsServerName: cluster['tls-server-name'],
          // client-node refuses http: without it; there is no TLS to verify then.
          skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || this.server.startsWith('http:'),
          proxyUrl: cluster['proxy-url'],
        },
      ],
      users: [
        {
          name: this.#user.name,
          certData:
            base64(plugin?.clientCertificate) ??
            (await this.#inline(user, 'client-certificate', this.#user.file)),
          keyData: base64(plugin?.clientKey) ?? (await this.#inline(user, 'client-key', this.#user.file)),
          token: plugin?.token ?? user.token,
          username: user.username,
          password: user.password,
          impersonateUser: user.as,
          authProvider:
            user['auth-provider'] ??
            (user.tokenFile === undefined
              ? undefined
              : { name: 'tokenFile', config: { tokenFile: user.tokenFile } }),
        },
      ],
      contexts: [{ name: this.#context, cluster: this.#cluster.name, user: this.#user.name }],
      currentContext: this.#context,
    });
    return kubeConfig;
  }

  /** The field's data, read from its file where only that is named; base64. Data wins over a file, as in kubectl. */
  async #inline(entry: object, field: string, definedIn: string): Promise<string | undefined> {
    const fields = entry as Readonly<Record<string, unknown>>;
    const data = fields[`${field}-data`];
    if (typeof data === 'string' && data !== '') return data;
    const file = fields[field];
    if (typeof file !== 'string' || file === '') return undefined;
    try {
      return (await readFile(file)).toString('base64');
    } catch (error) {
      throw new KubeError(
        {
          kind: 'kubeconfig',
          what: `The file of "${field}" cannot be read`,
          where: `${file}, named in ${definedIn}`,
          why: error instanceof Error ? error.message : String(error),
          next: 'Correct the path in the kubeconfig, or bring the file back.',
        },
        { cause: error },
      );
    }
  }
}

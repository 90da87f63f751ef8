import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isKubeError, type KubeError } from './errors.ts';
import { ExecCredentialSource, type ExecCredentialOptions } from './execCredential.ts';
import type { ExecSpecification } from './kubeconfig.ts';

describe('credential plugins', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vethscope-plugin-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const V1 = 'client.authentication.k8s.io/v1';
  /** A plugin of one line of shell. */
  const source = (
    script: string,
    specification: ExecSpecification = {},
    options: Partial<ExecCredentialOptions> = {},
  ): ExecCredentialSource =>
    new ExecCredentialSource({
      specification: {
        apiVersion: V1,
        command: '/bin/sh',
        args: ['-c', `cd ${folder}; echo x >> runs; ${script}`],
        ...specification,
      },
      user: 'ada',
      file: '/home/ada/.kube/config',
      cluster: { server: 'https://cluster', 'certificate-authority-data': 'Q0E=' },
      timeoutMilliseconds: 5000,
      ...options,
    });
  const answer = (status: object): string => {
    writeFileSync(join(folder, 'answer'), JSON.stringify({ kind: 'ExecCredential', apiVersion: V1, status }));
    return 'cat answer';
  };
  const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').length / 2;
  const failure = async (plugin: ExecCredentialSource): Promise<KubeError> => {
    const error: unknown = await plugin.get().then(
      () => assert.fail('it gave a credential'),
      (reason: unknown) => reason,
    );
    assert(isKubeError(error, 'credential-plugin'), String(error));
    assert.match(error.problem.where, /user "ada" in \/home\/ada/);
    return error;
  };

  it('runs once for callers at the same moment, and again only near the end of the credential', async () => {
    let now = 1_000_000_000_000;
    const expirationTimestamp = new Date(now + 600_000).toISOString();
    const plugin = source(answer({ token: 'abc', expirationTimestamp }), {}, { now: () => now });
    const all = await Promise.all([plugin.get(), plugin.get(), plugin.get()]);
    assert.deepEqual(
      all.map(({ token }) => token),
      ['abc', 'abc', 'abc'],
    );
    now += 539_000;
    await plugin.get();
    assert.equal(runs(), 1);
    now += 2000;
    await plugin.get();
    assert.equal(runs(), 2);
  });

  it('keeps a credential without end until it is refused, and only that one', async () => {
    const plugin = source(answer({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }));
    const first = await plugin.get();
    assert.deepEqual(first, { clientCertificate: 'CERT', clientKey: 'KEY' });
    plugin.invalidate({ ...first });
    await plugin.get();
    assert.equal(runs(), 1);
    plugin.invalidate(first);
    await plugin.get();
    assert.equal(runs(), 2);
  });

  it('gives the plugin its environment and KUBERNETES_EXEC_INFO', async () => {
    const env = [{ name: 'GREETING', value: 'hello' }];
    const script = `printf %s "$KUBERNETES_EXEC_INFO" > info; printf %s "$GREETING" > greeting; ${answer({ token: 't' })}`;
    await source(script, { env, provideClusterInfo: true }).get();
    assert.equal(readFileSync(join(folder, 'greeting'), 'utf8'), 'hello');
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'info'), 'utf8')), {
      kind: 'ExecCredential',
      apiVersion: V1,
      spec: {
        interactive: false,
        cluster: { server: 'https://cluster', 'certificate-authority-data': 'Q0E=' },
      },
    });
  });

  it('shows what the plugin says while it runs', async () => {
    const shown: (string | null)[] = [];
    const script = `echo "open https://login" >&2; sleep 0.1; ${answer({ token: 't' })}`;
    await source(script, {}, { onProgress: (message) => shown.push(message) }).get();
    assert.match(String(shown[0]), /Running the credential plugin \/bin\/sh/);
    assert(shown.some((message) => message?.includes('open https://login')));
    assert.equal(shown.at(-1), null);
  });

  it('stops a plugin that hangs, with what it started', async () => {
    const script = `echo "waiting for the browser" >&2; (sleep 1; touch ${folder}/survived) & sleep 30`;
    const started = Date.now();
    const { problem } = await failure(source(script, {}, { timeoutMilliseconds: 300 }));
    assert(Date.now() - started < 3000);
    assert.match(problem.why, /stopped after 0.3 s; it last said "waiting for the browser"/);
    assert.match(problem.next, /Log in from a terminal/);
    await delay(1200);
    assert(!existsSync(join(folder, 'survived')));
  });

  it('names a plugin that is not installed, with its hint', async () => {
    const missing = {
      command: 'no-such-login',
      args: [],
      installHint: 'Install it with:\n  brew install login',
    };
    const { problem } = await failure(source('', missing));
    assert.match(problem.what, /not installed/);
    assert.match(problem.why, /"no-such-login" was not found/);
    assert.equal(problem.next, 'Install it with: brew install login');
    const bare = await failure(source('', { command: 'no-such-login', args: [] }));
    assert.match(bare.problem.next, /Install no-such-login/);
  });

  it('passes on what a failing plugin said', async () => {
    const { problem } = await failure(source('echo "token expired, run login" >&2; exit 7'));
    assert.match(problem.why, /token expired, run login \(exit code 7\)/);
  });

  it('refuses answers it cannot use, and never shows them', async () => {
    const bad = async (output: string): Promise<string> => {
      writeFileSync(join(folder, 'answer'), output);
      const error = await failure(source('cat answer'));
      assert(!error.message.includes('s3cret'), error.message);
      return error.problem.why;
    };
    assert.match(await bad('s3cret not JSON'), /not JSON/);
    assert.match(await bad('{"kind":"s3cret"}'), /not an ExecCredential/);
    assert.match(await bad(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'v0' })), /apiVersion v0/);
    const empty = { kind: 'ExecCredential', apiVersion: V1, status: { clientKeyData: 's3cret' } };
    assert.match(await bad(JSON.stringify(empty)), /neither a token nor/);
    const timeless = { ...empty, status: { token: 's3cret', expirationTimestamp: 'soon' } };
    assert.match(await bad(JSON.stringify(timeless)), /not a time/);
  });

  it('says that a plugin needs a terminal', async () => {
    const { problem } = await failure(source('', { interactiveMode: 'Always' }));
    assert.match(problem.what, /needs a terminal/);
  });
});

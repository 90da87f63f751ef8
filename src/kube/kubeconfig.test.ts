import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { isKubeError, KubeError } from './errors.ts';
import { kubeconfigFiles, loadKubeconfig, resolveContext, type Kubeconfig } from './kubeconfig.ts';

describe('kubeconfig', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vethscope-kubeconfig-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const load = (...files: string[]): Promise<Kubeconfig> =>
    loadKubeconfig({ setting: files.join(delimiter), environment: {}, home: folder });
  const failure = async (text: string): Promise<KubeError> => {
    const file = write('broken.yaml', text);
    const error = await load(file).then(
      () => assert.fail('it was accepted'),
      (reason: unknown) => reason,
    );
    assert(isKubeError(error, 'kubeconfig'));
    assert(error.problem.where.startsWith(`${file}:`), error.problem.where);
    return error;
  };

  it('takes the setting before KUBECONFIG before the home folder, each file once', () => {
    const environment = { KUBECONFIG: ['/a', '', '/b', '/a'].join(delimiter) };
    assert.deepEqual(kubeconfigFiles({ setting: '', environment, home: '/h' }), ['/a', '/b']);
    assert.deepEqual(kubeconfigFiles({ setting: '~/c', environment, home: '/h' }), ['/h/c']);
    assert.deepEqual(kubeconfigFiles({ environment: {}, home: '/h' }), ['/h/.kube/config']);
  });

  it('gives an empty result, not an error, where no file exists', async () => {
    const result = await load(join(folder, 'absent'), join(folder, 'absent too'));
    assert.deepEqual([result.files, result.contexts, result.missing.length], [[], [], 2]);
  });

  it('resolves paths against the file that names them, and commands only with a separator', async () => {
    const file = write(
      'deep/config',
      stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://c', 'certificate-authority': 'ca.crt' } }],
        users: [
          {
            name: 'relative',
            user: { exec: { command: './login' }, 'client-key': '../key', tokenFile: 't' },
          },
          { name: 'inPath', user: { exec: { command: 'aws' }, 'client-key': '/abs/key' } },
        ],
      }),
    );
    const { clusters, users } = await load(file);
    const base = join(folder, 'deep');
    assert.equal(clusters[0]?.cluster['certificate-authority'], join(base, 'ca.crt'));
    assert.equal(users[0]?.user.exec?.command, join(base, 'login'));
    assert.equal(users[0].user['client-key'], join(folder, 'key'));
    assert.equal(users[0].user.tokenFile, join(base, 't'));
    assert.equal(users[1]?.user.exec?.command, 'aws');
    assert.equal(users[1].user['client-key'], '/abs/key');
  });

  it('reports broken YAML with file, line and column', async () => {
    const { problem } = await failure('clusters:\n- name: a\n  cluster: {server: [\n');
    assert.match(problem.where, /:\d+:\d+$/);
    assert.match(problem.what, /not valid YAML/);
    assert.match(problem.next, /vethscope\.kubeconfig/);
  });

  it('reports a name that is defined twice in one file, with both lines', async () => {
    const { problem } = await failure('users:\n- name: u\n  user: {}\n- name: u\n  user: {}\n');
    assert.match(problem.what, /user "u" is defined twice/);
    assert.match(problem.where, /:4:3$/);
    assert.match(problem.why, /line 2/);
  });

  it('reports a field of a wrong type without showing its value', async () => {
    const error = await failure('users:\n- name: u\n  user: {token: 123456}\n');
    assert.match(error.message, /"token" has to be a string/);
    assert(!error.message.includes('123456'));
    // kubectl reads YAML 1.1, where an unquoted n is a boolean.
    assert.match((await failure('contexts:\n- name: c\n  context: {namespace: n}\n')).message, /namespace/);
  });

  it('reports a file that is no kubeconfig, and one that cannot be read', async () => {
    await failure('- just\n- a list\n');
    await failure('clusters: {}\n');
    await failure('clusters:\n- {}\n');
    await assert.rejects(load(folder), (error) => isKubeError(error, 'kubeconfig'));
  });

  it('says what a context lacks', async () => {
    const kubeconfig = await load(
      write('c', stringify({ contexts: [{ name: 'x', context: { cluster: 'gone', user: 'u' } }] })),
    );
    assert.throws(() => resolveContext(kubeconfig, 'x'), /no file defines its cluster "gone"/);
    assert.throws(() => resolveContext(kubeconfig, 'y'), /no context "y".*defines x/);
    assert.throws(() => resolveContext(kubeconfig, ''), /No current context/);
  });

  it('merges as kubectl does', async function () {
    this.timeout(60_000);
    const name = fc.constantFrom('a', 'b', 'c');
    const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(value, { nil: undefined });
    const named = <T>(field: string, value: fc.Arbitrary<T>): fc.Arbitrary<object[]> =>
      fc
        .uniqueArray(fc.record({ name, value }), { selector: (entry) => entry.name, maxLength: 3 })
        .map((entries) => entries.map((entry) => ({ name: entry.name, [field]: entry.value })));
    const file = fc.record({
      clusters: named(
        'cluster',
        fc.record({
          server: fc.constantFrom('https://one', 'https://two:6443/path'),
          'insecure-skip-tls-verify': optional(fc.constant(true)),
          'tls-server-name': optional(fc.constant('name')),
          'proxy-url': optional(fc.constant('socks5://proxy')),
          'certificate-authority-data': optional(fc.constant('Q0EK')),
        }),
      ),
      users: named(
        'user',
        fc.record({
          token: optional(fc.constantFrom('t1', 't2')),
          username: optional(fc.constant('name')),
          as: optional(fc.constant('someone')),
          'client-key-data': optional(fc.constant('S0VZ')),
        }),
      ),
      contexts: named(
        'context',
        fc.record({ cluster: name, user: name, namespace: optional(fc.constantFrom('ns1', 'ns2')) }),
      ),
      'current-context': optional(fc.constantFrom('', 'a', 'b')),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(optional(file), { minLength: 1, maxLength: 4 }), async (files) => {
        const paths = files.map((content, index) =>
          content === undefined
            ? join(folder, `missing${index}`)
            : write(`f${index}`, stringify(JSON.parse(JSON.stringify(content)))),
        );
        assert.deepEqual(comparable(await load(...paths)), kubectlView(paths));
      }),
      { numRuns: 60 },
    );
  });
});

interface View {
  readonly clusters: readonly { name: string; cluster: unknown }[] | null;
  readonly users: readonly { name: string; user: unknown }[] | null;
  readonly contexts: readonly { name: string; context: unknown }[] | null;
  readonly 'current-context': string;
}

const byName = <T extends { name: string }>(entries: readonly T[] | null): readonly T[] =>
  [...(entries ?? [])].sort((a, b) => a.name.localeCompare(b.name));

function kubectlView(paths: readonly string[]): unknown {
  const output = execFileSync('kubectl', ['config', 'view', '--merge', '--flatten', '--raw', '-o', 'json'], {
    env: { ...process.env, KUBECONFIG: paths.join(delimiter) },
    encoding: 'utf8',
  });
  const view = JSON.parse(output) as View;
  return {
    current: view['current-context'],
    clusters: byName(view.clusters),
    users: byName(view.users),
    contexts: byName(view.contexts),
  };
}

function comparable({ currentContext, clusters, users, contexts }: Kubeconfig): unknown {
  const { current, ...rest } = {
    current: currentContext,
    clusters: byName(clusters.map(({ name, cluster }) => ({ name, cluster }))),
    users: byName(users.map(({ name, user }) => ({ name, user }))),
    contexts: byName(
      contexts.map(({ name, cluster, user, namespace }) => ({ name, context: { cluster, user, namespace } })),
    ),
  };
  return { current, ...(JSON.parse(JSON.stringify(rest)) as object) };
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './client.ts';
import { KubeError, type ProblemKind } from './errors.ts';
import { ScriptedApiServer, forbidden, kubeconfigFor, sendJson } from './testing/apiServer.ts';

const PODS = { resource: 'pods', namespace: 'shop' } as const;

describe('API client', () => {
  let server: ScriptedApiServer;
  beforeEach(async () => {
    server = await ScriptedApiServer.start();
  });
  afterEach(() => server.close());

  const failure = async (work: Promise<unknown>, kind: ProblemKind): Promise<KubeError> => {
    const error: unknown = await work.then(
      () => assert.fail('it succeeded'),
      (reason: unknown) => reason,
    );
    assert(error instanceof KubeError, String(error));
    assert.equal(error.problem.kind, kind, error.message);
    return error;
  };

  it('asks for the right path and passes queries on', async () => {
    server.answer = (_request, response) => sendJson(response, 200, { items: [] });
    const client = server.client();
    await client.list(PODS, { query: { limit: 5, labelSelector: 'a=b,c', absent: undefined } });
    await client.get({ resource: 'jobs', namespace: 'a b', name: 'x/y', subresource: 'status' });
    client.close();
    assert.deepEqual(
      server.requests.map(({ method, path, query }) => [method, path, query.toString()]),
      [
        ['GET', '/api/v1/namespaces/shop/pods', 'limit=5&labelSelector=a%3Db%2Cc'],
        ['GET', '/apis/batch/v1/namespaces/a%20b/jobs/x%2Fy/status', ''],
      ],
    );
  });

  it('keeps the path of a server behind a proxy', async () => {
    server.answer = (_request, response) => sendJson(response, 200, {});
    const kubeconfig = kubeconfigFor(`${server.url}/k8s/clusters/c-1/`);
    await new ApiClient(kubeconfig, 'test', { timeoutMilliseconds: 2000 }).get({
      resource: 'nodes',
      name: 'a',
    });
    assert.equal(server.requests[0]?.path, '/k8s/clusters/c-1/api/v1/nodes/a');
  });

  it('sends the token, and reads a token file', async () => {
    server.answer = (_request, response) => sendJson(response, 200, {});
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-client-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'from-file');
    await server.client(2000, { token: 'given', as: 'ada', 'as-groups': ['ops', 'dev'] }).get(PODS);
    await server.client(2000, { tokenFile }).get(PODS);
    rmSync(folder, { recursive: true });
    const [given, fromFile] = server.requests.map(({ headers }) => headers);
    assert.equal(given?.authorization, 'Bearer given');
    assert.equal(given['impersonate-user'], 'ada');
    assert.equal(given['impersonate-group'], 'ops, dev');
    assert.equal(fromFile?.authorization, 'Bearer from-file');
  });

  it('runs the credential plugin once more after a 401', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-client-'));
    const script = `echo >> ${folder}/n; printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t%d"}}' $(wc -l < ${folder}/n)`;
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: ['-c', script] };
    server.answer = (request, response) => {
      if (request.headers.authorization === 'Bearer t2') sendJson(response, 200, { ok: true });
      else sendJson(response, 401, { kind: 'Status', message: 'Unauthorized' });
    };
    const client = server.client(2000, { exec });
    assert.deepEqual(await client.get(PODS), { ok: true });
    assert.deepEqual(await client.get(PODS), { ok: true });
    assert.equal(server.requests.length, 3);
    server.answer = (_request, response) => sendJson(response, 401, {});
    // Renewed once, refused again: no loop.
    await failure(client.get(PODS), 'unauthenticated');
    assert.equal(server.requests.length, 5);
    rmSync(folder, { recursive: true });
  });

  it('waits as long as a busy server asks, then goes on', async () => {
    let answers = 0;
    server.answer = (_request, response) => {
      answers += 1;
      if (answers < 3) response.writeHead(429, { 'Retry-After': '0' }).end();
      else sendJson(response, 200, { ok: true });
    };
    assert.deepEqual(await server.client().get(PODS), { ok: true });
    server.answer = (_request, response) => response.writeHead(429, { 'Retry-After': '0' }).end();
    await failure(server.client().get(PODS), 'server');
  });

  it('tells a refused connection, an unknown name, a silent and a closing server apart', async () => {
    const at = (url: string): ApiClient =>
      new ApiClient(kubeconfigFor(url), 'test', { timeoutMilliseconds: 300 });
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const refused = await failure(at(`https://127.0.0.1:${port}`).get(PODS), 'unreachable');
    assert.match(refused.problem.why, /refused/);
    assert.match(refused.problem.where, new RegExp(`127.0.0.1:${port}, context test`));
    const unknown = await failure(at('https://no-such-host.invalid').get(PODS), 'unreachable');
    assert.match(unknown.problem.why, /does not resolve/);
    server.answer = () => {};
    await failure(at(server.url).get(PODS), 'timeout');
    server.answer = (request) => request.socket.destroy();
    await failure(at(server.url).get(PODS), 'unreachable');
    // A body that stops half-way is a time-out too.
    server.answer = (_request, response) => response.writeHead(200).write('{');
    await failure(at(server.url).get(PODS), 'timeout');
  });

  it('says so when the server is no API server', async () => {
    server.answer = (_request, response) => response.writeHead(200).end('<html>Welcome</html>');
    await failure(server.client().get(PODS), 'server');
    // Plain HTTP where TLS is expected.
    const kubeconfig = kubeconfigFor(server.url.replace('http:', 'https:'));
    await failure(new ApiClient(kubeconfig, 'test', { timeoutMilliseconds: 500 }).get(PODS), 'tls');
  });

  it('ends with the signal of the caller', async () => {
    server.answer = () => {};
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    await failure(server.client().get(PODS, { signal: stop.signal }), 'cancelled');
  });

  it('reports a refused upgrade like any refusal', async () => {
    const path = { ...PODS, name: 'web', subresource: 'portforward' };
    const error = await failure(server.client().webSocket(path, {}, ['v4.channel.k8s.io']), 'forbidden');
    assert.match(error.problem.what, /User "dev" may not create pods\/portforward in the namespace shop/);
    server.answer = (_request, response) => sendJson(response, 403, forbidden('list', 'pods', 'shop'));
    await failure(server.client().list(PODS), 'forbidden');
  });
});

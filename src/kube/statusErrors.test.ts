import assert from 'node:assert/strict';
import type { Access } from './errors.ts';
import { parseForbidden, parsePodSecurity, parseStatus, statusError } from './statusErrors.ts';

const ACCESS: Access = { verb: 'create', resource: 'jobs', group: 'batch', namespace: 'shop' };
const problemOf = (code: number, message: string): ReturnType<typeof statusError>['problem'] =>
  statusError({ code, message }, 'https://cluster, context c', ACCESS).problem;

describe('errors of the API server', () => {
  it('names user, verb, resource and namespace of a refusal', () => {
    const message =
      'pods "web-a" is forbidden: User "dev" cannot create resource "pods/portforward" in API group "" in the namespace "default"';
    assert.deepEqual(parseForbidden(message), {
      user: 'dev',
      verb: 'create',
      resource: 'pods/portforward',
      group: '',
      namespace: 'default',
    });
    const { kind, what, next } = problemOf(403, message);
    assert.equal(kind, 'forbidden');
    assert.equal(what, 'User "dev" may not create pods/portforward in the namespace default');
    assert.match(next, /"create" on "pods\/portforward"/);
  });

  it('names a refusal at cluster scope', () => {
    const message =
      'nodes is forbidden: User "dev" cannot list resource "nodes" in API group "" at the cluster scope';
    assert.equal(problemOf(403, message).what, 'User "dev" may not list nodes in the whole cluster');
  });

  it('falls back to what was asked where a webhook refused in its own words', () => {
    const { kind, what, why } = problemOf(403, 'denied by policy "no-root"');
    assert.equal(kind, 'forbidden');
    assert.match(what, /may not create jobs\.batch in the namespace shop/);
    assert.match(why, /no-root/);
  });

  it('names policy, violations and namespace of Pod Security', () => {
    const message =
      'pods "agent" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true), privileged (container "c" must not set securityContext.privileged=true)';
    assert.equal(parsePodSecurity(message)?.policy, 'baseline');
    const { kind, what, why, next } = problemOf(403, message);
    assert.equal(kind, 'pod-security');
    assert.match(what, /namespace shop enforces Pod Security "baseline"/);
    assert.match(why, /hostPID=true/);
    assert.match(next, /vethscope\.agent\.namespace/);
  });

  it('tells quota, credentials, absence, conflict and time-outs apart', () => {
    assert.equal(problemOf(403, 'exceeded quota: pods, requested: pods=1').kind, 'quota');
    assert.equal(problemOf(401, 'Unauthorized').kind, 'unauthenticated');
    assert.equal(problemOf(404, 'pods "x" not found').kind, 'not-found');
    assert.equal(problemOf(409, 'exists').kind, 'conflict');
    assert.equal(problemOf(422, 'invalid').kind, 'invalid');
    assert.equal(problemOf(504, 'slow').kind, 'timeout');
    assert.equal(problemOf(500, 'etcd').kind, 'server');
  });

  it('reads the page of a proxy as one line', () => {
    const status = parseStatus('<html><h1>502</h1>\n<p>Bad  gateway</p></html>', 502);
    assert.deepEqual([status.code, status.message], [502, '502 Bad gateway']);
    assert.equal(parseStatus('', 503).message, 'HTTP status 503');
  });

  it('puts what, where, why and next on one line', () => {
    const error = statusError({ code: 404, message: 'pods "x" not found' }, 'https://c, context c', ACCESS);
    assert.equal(
      error.message,
      'There is no pod "x" (https://c, context c): pods "x" not found. Refresh, and choose one that exists.',
    );
  });
});

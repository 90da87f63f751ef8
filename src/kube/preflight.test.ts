import assert from 'node:assert/strict';
import { checkPermissions, missingPermissions, type PermissionCheck } from './preflight.ts';
import { ScriptedApiServer, sendJson } from './testing/apiServer.ts';

describe('permissions', () => {
  let server: ScriptedApiServer;
  beforeEach(async () => {
    server = await ScriptedApiServer.start();
  });
  afterEach(() => server.close());

  /** Asks a server that refuses what `denied` names, as "verb resource/subresource". */
  const check = async (...denied: string[]): Promise<readonly PermissionCheck[]> => {
    server.answer = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { spec } = JSON.parse(body) as {
          spec: { resourceAttributes: Record<'verb' | 'resource' | 'subresource', string> };
        };
        const { verb, resource, subresource } = spec.resourceAttributes;
        const name = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
        sendJson(response, 201, { status: { allowed: !denied.includes(name) } });
      });
    };
    return checkPermissions(server.client(), 'shop');
  };
  const missing = async (...denied: string[]): Promise<string | null> =>
    missingPermissions(await check(...denied), { where: 'here' })?.message ?? null;

  it('asks for both verbs of WebSocket upgrades, in the namespace of the agents', async () => {
    const checks = await check();
    const asked = checks.map(({ access }) => `${access.verb} ${access.resource} ${access.namespace}`);
    for (const expected of [
      'get pods/exec shop',
      'create pods/exec shop',
      'get pods/portforward shop',
      'create pods/portforward shop',
      'create jobs shop',
      'delete jobs shop',
      'list pods ',
      'watch endpointslices ',
    ]) {
      assert(asked.includes(expected), expected);
    }
    assert(checks.every(({ allowed }) => allowed));
  });

  it('takes either verb of an upgrade, and goes on without what only explains', async () => {
    assert.equal(await missing('create pods/exec', 'get pods/portforward'), null);
    assert.equal(await missing('list services', 'watch nodes', 'get pods/log', 'create pods'), null);
  });

  it('names everything that is missing at once', async () => {
    assert.equal(
      await missing('create jobs', 'get pods/exec', 'create pods/exec'),
      'This user may not create jobs.batch, nor get or create pods/exec in the namespace shop (here): ' +
        'no agent can be started or removed, the agent cannot be copied. ' +
        'Ask for a role with "create" on "jobs.batch", "get" or "create" on "pods/exec".',
    );
  });
});

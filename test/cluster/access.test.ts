import assert from 'node:assert/strict';
import type { User } from './cluster.ts';
import { CommandError } from './command.ts';
import { kubectl } from './kubectl.ts';
import { useCluster } from './sharedCluster.ts';

describe('people of the cluster', function () {
  this.timeout(30_000);
  const cluster = useCluster();

  async function answer(user: User, ...args: string[]): Promise<string> {
    try {
      return (await kubectl(cluster(), args, { user })).trim();
    } catch (error) {
      if (error instanceof CommandError) return `${error.stdout}${error.stderr}`.trim();
      throw error;
    }
  }
  const can = (user: User, verb: string, resource: string, subresource = '') =>
    answer(user, 'auth', 'can-i', verb, resource, `--subresource=${subresource}`, '-n', 'default');

  it('dev may read nothing', async () => {
    assert.match(await answer('dev', 'get', 'pods'), /User "dev" cannot list resource "pods"/);
  });

  it('viewer reads the inventory and creates nothing', async () => {
    assert.equal(await can('viewer', 'list', 'endpointslices.discovery.k8s.io'), 'yes');
    assert.equal(await can('viewer', 'watch', 'pods'), 'yes');
    assert.match(await can('viewer', 'create', 'pods'), /^no/);
  });

  it('deployer creates pods but neither exec nor port-forward', async () => {
    assert.equal(await can('deployer', 'create', 'pods'), 'yes');
    assert.match(await can('deployer', 'create', 'pods', 'exec'), /^no/);
    assert.match(await can('deployer', 'create', 'pods', 'portforward'), /^no/);
  });

  for (const user of ['expired', 'stranger'] as const) {
    it(`${user} is nobody`, async () => {
      assert.match(await answer(user, 'get', 'pods'), /Unauthorized|must be logged in/);
    });
  }
});

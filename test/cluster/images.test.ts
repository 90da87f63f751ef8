import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeImage } from './images/archive.ts';
import { importImage } from './images/import.ts';
import { NODE_IMAGE, STOCK_NODE_IMAGE } from './images/names.ts';
import { kubectl } from './kubectl.ts';
import { poll } from './poll.ts';
import { useCluster } from './sharedCluster.ts';

describe('images of the nodes', function () {
  this.timeout(60_000);
  const cluster = useCluster();
  let run = 0;

  /** Runs a command in a pod of its own and returns what it printed. */
  async function output(image: string, command: string): Promise<string> {
    const name = `images-${process.pid}-${++run}`;
    const container = { name: 'one', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', command] };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { nodeName: 'node-b', restartPolicy: 'Never', containers: [container] },
    };
    try {
      await kubectl(cluster(), ['apply', '-f', '-'], { input: JSON.stringify(pod) });
      const phase = ['get', 'pod', name, '-o', 'jsonpath={.status.phase}'];
      const hasEnded = async () => (await kubectl(cluster(), phase)) === 'Succeeded';
      await poll(`${name} to succeed`, hasEnded, { timeout: 30_000 });
      return await kubectl(cluster(), ['logs', name]);
    } finally {
      await kubectl(cluster(), ['delete', 'pod', name, '--ignore-not-found', '--grace-period=0', '--force']);
    }
  }

  for (const image of [NODE_IMAGE, STOCK_NODE_IMAGE]) {
    it(`${image} has Node 24, a shell and tar`, async () => {
      const printed = await output(
        image,
        'cd /tmp && echo hello >a && tar -cf - a | tar -xOf - a && node --version',
      );
      assert.match(printed, /^hello\nv24\./);
    });
  }

  it('can be added while the cluster is up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-image-'));
    try {
      writeFileSync(join(folder, 'greeting'), 'good day\n');
      const archive = join(folder, 'greeting.tar');
      const files = { '/bin/busybox': '/usr/bin/busybox', '/greeting': join(folder, 'greeting') };
      await writeImage(archive, { tags: [`localhost/greeting:${process.pid}`], files });
      await importImage(cluster(), archive);
      assert.equal(await output(`localhost/greeting:${process.pid}`, 'cat /greeting'), 'good day\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Nothing stays in the kernel, and nothing of the lab stays on the machine. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cgroupMount } from './cgroups.ts';
import { run, until } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import { remaining } from './truth/kernelPrograms.ts';
import type { KernelObjects } from './truth/kernelPrograms.ts';

describe('nothing stays in the kernel', function () {
  this.timeout(60_000);
  let lab: Lab;

  before(async () => {
    lab = await Lab.build();
  });

  after(async () => {
    await lab.close();
  });

  it('after observe has ended', async () => {
    const observation = await Observation.start(lab, 3);
    const objects = observation.objects();
    assert.ok(objects.programs.length > 0 && objects.links.length > 0 && objects.maps.length > 0);
    await observation.end();
    await gone(objects);
  });

  it('after observe was killed with SIGKILL', async () => {
    const observation = await Observation.start(lab, 30);
    const objects = observation.objects();
    assert.ok(objects.programs.length > 0 && objects.links.length > 0 && objects.maps.length > 0);
    await observation.kill();
    await gone(objects);
  });

  it('and interfaces have neither queueing disciplines nor filters that were not there', () => {
    const disciplines = run('tc', ['-n', lab.plan.node.netns, 'qdisc', 'show']);
    assert.doesNotMatch(disciplines, /clsact|ingress/);
  });
});

describe('nothing of a lab stays on the machine', function () {
  this.timeout(60_000);
  const program = fileURLToPath(new URL('programs/heldLab.ts', import.meta.url));

  it('when its process ends by a signal', async () => {
    const { child, id } = await heldLab();
    child.kill('SIGTERM');
    await once(child, 'exit');
    assertGone(id);
  });

  it('when its process is killed: the next lab takes it down', async () => {
    const { child, id } = await heldLab();
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(run('ip', ['netns', 'list']).includes(`${id}-node`), 'SIGKILL leaves it behind');
    await (await Lab.build()).close();
    assertGone(id);
  });

  async function heldLab(): Promise<{ child: ReturnType<typeof spawn>; id: string }> {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) return { child, id: line };
    throw new Error('the lab was not built');
  }

  function assertGone(id: string): void {
    assert.ok(!run('ip', ['netns', 'list']).includes(id), 'namespaces');
    assert.ok(!existsSync(join(cgroupMount(), id)), 'cgroups');
  }
});

/** The kernel frees programs and maps some time after the last reference. */
async function gone(objects: KernelObjects): Promise<void> {
  await until('the kernel to free programs, maps and links', 10, () => {
    const left = remaining(objects);
    return left.programs.length + left.maps.length + left.links.length === 0 ? true : null;
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NativeError } from '../index.d.ts';
import { addon, objectPath, openCollector } from './addon.ts';
import { VethPair, run } from './vethPair.ts';

function errorOf(action: () => unknown): NativeError {
  try {
    action();
  } catch (error) {
    assert(error instanceof Error);
    return error as NativeError;
  }
  throw new Error('no error was thrown');
}

describe('errors', function () {
  this.timeout(20_000);
  let pair: VethPair;
  let folder: string;

  before(() => {
    pair = new VethPair();
    folder = mkdtempSync(join(tmpdir(), 'vethscope-native-'));
  });

  after(() => {
    pair.remove();
    rmSync(folder, { recursive: true });
  });

  it('says which interface is gone', () => {
    const collector = openCollector();
    const error = errorOf(() => collector.attach(pair.left.netns, 999_999, 'ingress'));
    assert.equal(error.code, 'ENODEV');
    assert.equal(error.call, 'bpf_link_create');
    assert.equal(error.ifindex, 999_999);
    assert.equal(error.netns, pair.left.path);
    assert.match(error.message, /ifindex 999999, network namespace .*list the links again/);
    collector.close();
  });

  it('names the interface when attaching there fails', () => {
    const collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'ingress');
    const error = errorOf(() => collector.attach(pair.left.netns, pair.left.ifindex, 'ingress'));
    assert.deepEqual(
      [error.code, error.interface, error.ifindex, error.netns],
      ['EEXIST', pair.left.name, pair.left.ifindex, pair.left.path],
    );
    collector.close();
  });

  it('says that a namespace file is none', () => {
    const missing = errorOf(() => new addon.NetworkNamespace('/run/netns/there-is-none'));
    assert.deepEqual(
      [missing.code, missing.call, missing.netns],
      ['ENOENT', 'open', '/run/netns/there-is-none'],
    );
    for (const path of ['/etc/hostname', '/proc/self/ns/pid']) {
      assert.match(errorOf(() => new addon.NetworkNamespace(path)).message, /not a network namespace/);
    }
  });

  it('says what is wrong with an object', () => {
    const before = addon.openHandles();
    assert.equal(errorOf(() => openCollector({ objectPath: join(folder, 'none.o') })).code, 'ENOENT');
    const broken = join(folder, 'broken.o');
    writeFileSync(broken, 'not an object');
    const error = errorOf(() => openCollector({ objectPath: broken }));
    assert.equal(error.call, 'bpf_object__open_mem');
    assert.match(error.message, /broken\.o/);
    assert.equal(addon.openHandles(), before);
  });

  it("gives the verifier's log of a program it refuses", () => {
    const source = join(folder, 'refused.bpf.c');
    const object = join(folder, 'refused.o');
    writeFileSync(
      source,
      `struct context { int length; };
       __attribute__((section("tc"), used)) int reads_outside(struct context *context)
       { return *(volatile int *)((char *)context + 100000); }
       char LICENSE[] __attribute__((section("license"))) = "GPL";`,
    );
    run('clang', '-g', '-O2', '-target', 'bpf', '-c', source, '-o', object);
    const error = errorOf(() => new addon.ProgramObject(object));
    assert.equal(error.call, 'bpf_object__load');
    assert(['EACCES', 'EINVAL'].includes(error.code), error.code);
    assert.match(error.verifierLog ?? '', /invalid bpf_context access|dereference/);
  });

  it('refuses wrong arguments before it touches the kernel', () => {
    const collector = openCollector();
    const { netns, ifindex } = pair.left;
    const badDirection = 'sideways' as 'ingress';
    assert.throws(() => collector.attach(netns, ifindex, badDirection), RangeError);
    assert.throws(() => collector.attach(netns, -1, 'ingress'), RangeError);
    assert.throws(() => collector.attach(JSON.parse('{}') as typeof netns, ifindex, 'ingress'), TypeError);
    assert.throws(() => netns.sysctl('../../etc/passwd'), RangeError);
    assert.throws(() => openCollector({ objectPath, maxFlows: 0 }), TypeError);
    collector.close();
    const closed = new addon.NetworkNamespace(pair.left.path);
    closed.close();
    assert.throws(() => closed.links(), { message: 'This network namespace is closed', code: 'EBADF' });
    closed.close();
  });

  it('finds every feature here, and says why one lacks elsewhere', () => {
    const features = addon.probe();
    assert.deepEqual(
      features.map(({ name }) => name),
      [
        ...['btf', 'sched-cls', 'tcx', 'clsact', 'ringbuf', 'coarse-clock', 'cgroup-id'],
        ...['drop-reasons', 'capabilities'],
      ],
    );
    for (const feature of features) {
      assert.equal(feature.available, true, `${feature.name}: ${feature.detail}`);
    }

    const weak = run(
      ...([
        'setpriv',
        '--bounding-set',
        '-sys_admin,-bpf',
        '--inh-caps',
        '-sys_admin,-bpf',
        process.execPath,
        '-e',
        `console.log(JSON.stringify(require('${join(import.meta.dirname, `../../../dist/payload/linux-${process.arch}/vethscope.node`)}').probe()))`,
      ] as const),
    );
    const refused = (JSON.parse(weak) as typeof features).filter((feature) => !feature.available);
    assert.equal(refused.find(({ name }) => name === 'sched-cls')?.detail, 'bpf_prog_load: EPERM');
    assert.equal(
      refused.find(({ name }) => name === 'capabilities')?.detail,
      'missing CAP_BPF, CAP_SYS_ADMIN',
    );
  });
});

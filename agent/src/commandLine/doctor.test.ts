import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DoctorCheck } from '../collector/checks.ts';
import { isPayloadBuilt } from '../payload.fixture.ts';
import { skipWithout } from '../skip.fixture.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 20_000 });
}

function doctor(simulate: string): { status: number | null; possible: boolean; lacking: DoctorCheck[] } {
  const { status, stdout } = run('doctor', '--json', '--simulate', simulate);
  const { possible, checks } = JSON.parse(stdout) as { possible: boolean; checks: DoctorCheck[] };
  return { status, possible, lacking: checks.filter(({ detail }) => detail === 'simulated') };
}

describe('doctor', function () {
  this.timeout(120_000);

  it('exits with 1 and says the effect where observing is impossible', () => {
    for (const lack of ['no-btf', 'old-kernel', 'not-root', 'not-linux', 'no-tcx,no-clsact', 'no-addon']) {
      const { status, possible, lacking } = doctor(lack);
      assert.deepEqual([lack, status, possible], [lack, 1, false]);
      assert.ok(lacking.length > 0);
      for (const { effect } of lacking) assert.ok(effect.length > 20, lack);
    }
    assert.match(
      run('doctor', '--simulate', 'old-kernel').stdout,
      /older than 5\.8[^]*Observing is impossible/,
    );
    assert.match(
      run('doctor', '--simulate', 'no-btf').stdout,
      /btf +NO +simulated\n +.*CONFIG_DEBUG_INFO_BTF/,
    );
  });

  it('says what is lost without the optional things, and goes on', function () {
    if (!isPayloadBuilt() || process.getuid?.() !== 0) skipWithout(this, 'addon for root');
    const { status, possible, lacking } = doctor('no-conntrack,no-cgroup2');
    assert.deepEqual([status, possible], [0, true]);
    assert.deepEqual(lacking.map(({ name }) => name).sort(), ['cgroup-id', 'cgroup2', 'conntrack']);
  });

  it('goes on by clsact without TCX, and says what stays behind', function () {
    if (!isPayloadBuilt() || process.getuid?.() !== 0) skipWithout(this, 'addon for root');
    const { status, possible, lacking } = doctor('no-tcx,no-drop-reasons');
    assert.deepEqual([status, possible], [0, true]);
    assert.match(lacking.find(({ name }) => name === 'tcx')?.effect ?? '', /SIGKILL[^]*next agent/);
  });

  it('says what is lost where Cilium translates Services: told by its interface', function () {
    if (!isPayloadBuilt() || process.getuid?.() !== 0) skipWithout(this, 'addon for root');
    const ask = (...before: string[]): DoctorCheck | undefined => {
      const program = [process.execPath, MAIN, 'doctor', '--json'].join(' ');
      const script = [...before, program].join(' && ');
      const { stdout } = spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' });
      const { checks } = JSON.parse(stdout) as { checks: DoctorCheck[] };
      return checks.find(({ name }) => name === 'service-nat');
    };
    assert.equal(ask()?.available, true);
    const found = ask('ip link add cilium_host type veth peer name cilium_net');
    assert.deepEqual([found?.available, found?.required], [false, false]);
    assert.match(found?.detail ?? '', /^Cilium is on this node: no BPF file system/);
    assert.match(found?.effect ?? '', /not in the connection tracking/);
  });

  it('refuses what it cannot simulate', () => {
    const { status, stderr } = run('doctor', '--simulate', 'no-such');
    assert.equal(status, 1);
    assert.match(stderr, /does not know no-such[^]*no-btf/);
  });
});

describe('bad input of the command line', function () {
  this.timeout(120_000);

  /** Fails with one cause and one next step, and never with a trace. */
  function refused(args: string[], cause: RegExp): void {
    const { status, stdout, stderr } = run(...args);
    assert.equal(status, 1, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, cause);
    assert.doesNotMatch(stderr, /\n +at /);
  }

  it('names the cause and the next step', () => {
    refused(['observe', '--duration', '-1'], /must be a number greater than 0/);
    refused(['observe', '--output', 'xml'], /Allowed choices are table, jsonl/);
    refused(
      ['observe', '--inventory', '/nonexistent.json'],
      /cannot read inventory file[^]*kubectl get pods/,
    );
    refused(['observe', '--map-memory', '1T'], /must be a size such as 64M/);
    refused(['observe', '--attach', 'xdp'], /Allowed choices are tcx, clsact/);
    refused(['serve'], /--token-file/);
    refused(['serve', '--token-file', '/nonexistent'], /cannot read the token file/);
    refused(['serve', '--token-file', '/dev/null'], /has 0 characters, fewer than 16[^]*openssl/);
  });

  it('keeps the listener on loopback and replays only recordings', () => {
    const recording = fileURLToPath(import.meta.url);
    const serve = ['serve', '--token-file', MAIN, '--replay'];
    refused([...serve, recording], /is not a recorded session/);
    refused([...serve, '/nonexistent'], /cannot read the recorded session/);
  });

  it('wants an existing namespace, and root', function () {
    if (!isPayloadBuilt()) skipWithout(this, 'addon');
    if (process.getuid?.() !== 0) refused(['observe'], /needs root, or the capabilities/);
    else {
      refused(['observe', '--netns', 'vethscope-no-such'], /no network namespace named "vethscope-no-such"/);
      refused(
        ['observe', '--netns', '/dev/null'],
        /cannot open network namespace \/dev\/null|not a network namespace/,
      );
      refused(['observe', '--interface', 'no-such0'], /there is no interface no-such0/);
    }
  });
});

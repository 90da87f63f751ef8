/** What the command line says when it cannot do what was asked, and what doctor tells of this kernel. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { agent, agentAs } from './observe.ts';

describe('vethscope-agent', function () {
  this.timeout(30_000);

  it('doctor lists what this kernel offers and ends with 0', () => {
    const { status, output } = agent(['doctor']);
    assert.equal(status, 0, output);
    for (const name of ['btf', 'sched-cls', 'tcx', 'cgroup-id', 'capabilities']) {
      assert.match(output, new RegExp(name));
    }
  });

  it('doctor names what is lacking without rights, and ends with another status', () => {
    const { status, output } = agentAs(65_534, ['doctor']);
    assert.notEqual(status, 0);
    assert.match(output, /EPERM|root|capabilit/i);
  });

  it('observe says that root is needed', () => {
    const { status, messages, output } = agentAs(65_534, ['observe', '--duration', '1']);
    assert.notEqual(status, 0);
    assert.equal(output, '');
    assert.match(messages, /root|CAP_/);
    assert.doesNotMatch(messages, /\n\s+at /, 'no stack trace for a mistake of the user');
  });

  it('observe and topology pass over a name in /run/netns that is not mounted: it is being made or removed', () => {
    const file = `/run/netns/vethscope-${randomBytes(4).toString('hex')}`;
    mkdirSync('/run/netns', { recursive: true });
    writeFileSync(file, '');
    try {
      for (const args of [['topology'], ['observe', '--duration', '1']]) {
        const { status, messages } = agent(args);
        assert.equal(status, 0, messages);
      }
    } finally {
      rmSync(file);
    }
  });

  it('observe names a namespace that is not there', () => {
    const { status, messages } = agent(['observe', '--netns', 'vethscope-no-such', '--duration', '1']);
    assert.notEqual(status, 0);
    assert.match(messages, /vethscope-no-such/);
    assert.doesNotMatch(messages, /\n\s+at /);
  });

  it('observe names an inventory file that is not there or not JSON', () => {
    for (const path of ['/nonexistent/inventory.json', '/etc/hostname']) {
      const { status, messages } = agent(['observe', '--inventory', path, '--duration', '1']);
      assert.notEqual(status, 0);
      assert.ok(messages.includes(path), messages);
    }
  });

  it('an unknown option or output is refused by name', () => {
    assert.match(agent(['observe', '--outptu', 'jsonl']).messages, /--outptu/);
    const { status, messages } = agent(['observe', '--output', 'yaml', '--duration', '1']);
    assert.notEqual(status, 0);
    assert.match(messages, /yaml/);
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ciliumNodeOf } from '../../src/nat/cilium/ciliumAddresses.ts';
import { CiliumConnections } from '../../src/nat/cilium/ciliumConnections.ts';
import type { CiliumTranslation } from '../../src/nat/cilium/ciliumConnections.ts';
import { GLOBALS, MAPS } from '../../src/nat/cilium/ciliumLayout.ts';
import type { MapLayout, MapName } from '../../src/nat/cilium/ciliumLayout.ts';
import { CiliumMaps } from '../../src/nat/cilium/ciliumMaps.ts';
import type { End, Question } from '../../src/nat/cilium/ciliumTuples.ts';
import { addon } from './addon.ts';
import { run } from './vethPair.ts';

const TCP = 6;
const COOKIE = 0x10a7n;

/** A connection's value: a backend's id, flags, and the number of what was asked; the rest is not read. */
const connection = (backend: number, flags: number, asked: string): string =>
  `${'00'.repeat(8)} ${byte(backend)} ${'00'.repeat(7)} ${'00'.repeat(20)} ${byte(flags)} 00 ${asked} ${'00'.repeat(16)}`;
const addressKey = (address: string): string => `40000000 0000 00 01 ${address} ${'00'.repeat(12)}`;
const byte = (value: number): string => value.toString(16).padStart(2, '0');

/** What Cilium 1.15.19 had in its maps while these connections were open, as bpftool printed it. */
const ENTRIES: Readonly<Partial<Record<MapName, Readonly<Record<string, string>>>>> = {
  tcp: {
    // 172.30.1.100:23011 asks 172.30.1.11:30563, a NodePort, and 10.244.1.163:8080 answers.
    'ac1e010b ac1e0164 59e3 7763 06 04': connection(4, 0x10, '0005'),
    'ac1e0164 0af401a3 1f90 59e3 06 00': connection(0, 0x30, '0005'),
    // 10.244.1.62:23013 asks 10.96.240.195:80 and answers itself.
    '0a60f0c3 0af4013e 59e5 0050 06 04': connection(3, 0x10, '0004'),
    'a9fe2a01 0af4013e 1f90 59e5 06 00': connection(0, 0x18, '0004'),
    'a9fe2a01 0af4013e 1f90 59e5 06 01': connection(4, 0x18, '0004'),
    // 10.244.0.142:23001 was connected to 10.244.1.163:8080 by its socket.
    '0af4008e 0af401a3 1f90 59d9 06 00': connection(0, 0x10, '0000'),
  },
  other: {},
  backends: {
    '04000000': '0af401a3 1f90 0000 00000000',
    '03000000': '0af4013e 1f90 0000 00000000',
  },
  asked: { '0005': 'ac1e010b 7763', '0004': '0a60f0c3 0050' },
  sources: {
    '0af401a3 ac1e0164 1f90 59e3 06 00': `${'00'.repeat(32)} 0af400d2 830a 0000`,
    '0af400d2 0af401a3 830a 1f90 06 01': `${'00'.repeat(32)} ac1e0164 59e3 0000`,
    // The node's own connection to the API server, which nothing changes.
    'ac1e010a ac1e010b 192b b0ce 06 00': `${'00'.repeat(32)} ac1e010b b0ce 0000`,
  },
  // cilium_host of the node itself and of the other, a pod there, and the other's own address.
  addresses: {
    [addressKey('0af40026')]: '01000000 00000000 00000000',
    [addressKey('0af401ec')]: '06000000 ac1e000c 00000000',
    [addressKey('0af40162')]: '70000000 ac1e000c 00000000',
    [addressKey('ac1e000c')]: '06000000 00000000 00000000',
  },
  sockets: { 'a710000000000000 0af401a3 1f90 0000': '0a608c30 0050 0004' },
};

function end(text: string): End {
  const [address = '', port = ''] = text.split(':');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { address: number, port: Number(port) };
}

function text({ address, port }: End): string {
  return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}:${port}`;
}

const NODE_PORT = {
  client: '172.30.1.100:23011',
  asked: '172.30.1.11:30563',
  server: '10.244.1.163:8080',
  source: '10.244.0.210:33546',
  atSocket: false,
};
const TO_ITSELF = {
  client: '10.244.1.62:23013',
  asked: '10.96.240.195:80',
  server: '10.244.1.62:8080',
  source: '169.254.42.1:23013',
  atSocket: false,
};

describe('Cilium’s maps', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vethscope-cilium-'));
    run('mount', '-t', 'bpf', 'bpf', root);
    mkdirSync(join(root, GLOBALS), { recursive: true });
    for (const [name, entries] of Object.entries(ENTRIES)) fill(name as MapName, entries);
  });

  afterEach(() => {
    run('umount', root);
    rmdirSync(root);
  });

  function fill(name: MapName, entries: Readonly<Record<string, string>>): void {
    const layout: MapLayout = MAPS[name];
    const { pin, keySize, valueSize } = layout;
    create(pin, keySize, valueSize, layout.isTrie === true ? ['lpm_trie', 'flags', '1'] : ['hash']);
    for (const [key, value] of Object.entries(entries)) {
      const update = ['key', 'hex', ...bytes(key), 'value', 'hex', ...bytes(value)];
      run('bpftool', 'map', 'update', 'pinned', join(root, GLOBALS, pin), ...update);
    }
  }

  function create(
    pin: string,
    keySize: number,
    valueSize: number,
    [type = '', ...flags]: readonly string[] = ['hash'],
  ): void {
    const sizes = ['key', String(keySize), 'value', String(valueSize), 'entries', '64'];
    run(
      'bpftool',
      'map',
      'create',
      join(root, GLOBALS, pin),
      'type',
      type,
      ...sizes,
      'name',
      pin.slice(0, 15),
      ...flags,
    );
  }

  function bytes(hex: string): string[] {
    return hex.replaceAll(' ', '').match(/../g) ?? [];
  }

  function find(...questions: readonly (readonly [string, string, bigint?])[]): unknown[] {
    const maps = CiliumMaps.open(addon, root);
    try {
      const asked = questions.map(([client, server, cookie = 0n]): Question => ({
        client: end(client),
        server: end(server),
        protocol: TCP,
        cookie,
      }));
      return new CiliumConnections(maps)
        .find(asked)
        .map((found) => (found === null ? null : readable(found)));
    } finally {
      maps.close();
    }
  }

  function readable({ client, asked, server, source, atSocket }: CiliumTranslation): object {
    return { client: text(client), asked: text(asked), server: text(server), source: text(source), atSocket };
  }

  it('tell the node that another of its addresses is of, and nothing of those of pods', () => {
    const maps = CiliumMaps.open(addon, root);
    try {
      const addresses = [
        '10.244.1.236',
        '10.244.1.98',
        '10.244.0.38',
        '172.30.0.12',
        '10.244.1.7',
        'fd00::1',
      ];
      const nodes = addresses.map((address) => ciliumNodeOf(maps, address));
      assert.deepEqual(nodes, ['172.30.0.12', null, null, null, null, null]);
    } finally {
      maps.close();
    }
  });

  it('tell the same of a connection by each of its tuples', () => {
    const { client, asked, server, source } = NODE_PORT;
    assert.deepEqual(find([client, asked], [client, server], [source, server]), [
      NODE_PORT,
      NODE_PORT,
      NODE_PORT,
    ]);
  });

  it('tell nothing of a tuple that is read the wrong way round, or of what nothing translates', () => {
    const { client, asked, server, source } = NODE_PORT;
    const questions = [
      [asked, client],
      [server, client],
      [server, source],
      ['172.30.1.11:45262', '172.30.1.10:6443'],
      ['10.244.0.142:23001', '10.244.1.163:8080'],
      [client, '10.244.1.163:8081'],
    ] as const;
    assert.deepEqual(
      find(...questions),
      questions.map(() => null),
    );
  });

  it('tell of a pod that reaches itself through a Service what stands for it', () => {
    const { client, asked, server, source } = TO_ITSELF;
    assert.deepEqual(find([client, asked], [source, server]), [TO_ITSELF, TO_ITSELF]);
  });

  it('tell what a socket had asked, of this socket alone', () => {
    const [client, server] = ['10.244.0.142:23001', '10.244.1.163:8080'] as const;
    const expected = { client, asked: '10.96.140.48:80', server, source: client, atSocket: true };
    assert.deepEqual(find([client, server, COOKIE], [client, server, COOKIE + 1n]), [expected, null]);
  });

  it('are not read where a layout is not known, and the message says which', () => {
    const { pin } = MAPS.tcp;
    rmSync(join(root, GLOBALS, pin));
    create(pin, 14, 64);
    assert.throws(
      () => CiliumMaps.open(addon, root),
      /layout of cilium_ct4_global is not known: .* values of 64/,
    );
  });

  it('are read without that of addresses where its layout is not known', () => {
    const { pin } = MAPS.addresses;
    rmSync(join(root, GLOBALS, pin));
    create(pin, 24, 24, ['lpm_trie', 'flags', '1']);
    const before = addon.openHandles();
    const maps = CiliumMaps.open(addon, root);
    assert.equal(ciliumNodeOf(maps, '10.244.1.236'), null);
    maps.close();
    assert.equal(addon.openHandles(), before);
    const { client, asked } = NODE_PORT;
    assert.deepEqual(find([client, asked]), [NODE_PORT]);
  });

  it('are not read where one is missing; those that only some settings have may be', () => {
    for (const name of ['sources', 'sockets'] as const) rmSync(join(root, GLOBALS, MAPS[name].pin));
    const { client, asked, server } = NODE_PORT;
    assert.deepEqual(find([client, asked]), [{ ...NODE_PORT, source: client }]);
    assert.deepEqual(find([client, server]), [{ ...NODE_PORT, source: client }]);
    const before = addon.openHandles();
    rmSync(join(root, GLOBALS, MAPS.asked.pin));
    assert.throws(() => CiliumMaps.open(addon, root), /there is no map cilium_lb4_reverse_nat/);
    assert.equal(addon.openHandles(), before);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import { Campaign } from './campaign.ts';
import type { Tally } from './campaign.ts';
import { capturedPackets } from './captures.ts';
import { compareOuter } from './compare.ts';
import { corpusPackets } from './corpus.ts';
import { keyAddress } from './flowKey.ts';
import { FragmentMemory } from './fragmentMemory.ts';
import { makePacket } from './grammar.ts';
import { compileRunner } from './kernel.ts';
import type { ParsedPacket } from './parsedPacket.ts';
import { report } from './report.ts';

const SEEDS = [1, 2];
const PACKETS_OF_EACH = 10_000;

describe('the parser and tshark read the same bytes', () => {
  let tally: Tally;

  before(async () => {
    compileRunner();
    const campaign = await Campaign.create();
    try {
      await campaign.run(corpusPackets());
      await campaign.run(capturedPackets());
      for (const seed of SEEDS) {
        await campaign.run(Array.from({ length: PACKETS_OF_EACH }, (_, index) => makePacket(seed, index)));
      }
    } finally {
      await campaign.close();
    }
    tally = campaign.tally;
    console.log(report(tally));
  });

  it('as the same flow, or we name a cause that is true', () => {
    assert.equal(tally.disagreements.length, 0, report(tally));
  });

  it('of packets, of tunnelled and of quoted ones', () => {
    for (const part of ['outer', 'inner', 'quoted']) {
      const of = (kind: string) => tally.counts.get(`${part}: ${kind}`) ?? 0;
      assert.ok(of('equal') > 100, `${part}: ${of('equal')} equal`);
    }
  });

  it('with every cause among them', () => {
    const unseen = UNPARSED_CAUSES.filter((cause) => !tally.counts.has(`outer: unparsed: ${cause}`));
    assert.deepEqual(unseen, []);
  });

  it('but for few that could not be compared', () => {
    const few = tally.packets / 500;
    const left = tally.counts.get('not compared: tshark cut its list of layers') ?? 0;
    assert.ok(left < few, `${left} of ${tally.packets}`);
  });
});

describe('the comparison', () => {
  const network = {
    family: 4 as const,
    version: 4,
    headerLength: 20,
    length: 48,
    fragment: { offset: 0, more: 0, id: 1 },
    protocol: 17,
    source: '10.0.0.1',
    destination: '10.0.0.2',
    destinations: [],
    link: { etherTypes: [0x0800] },
    extensions: [],
    transport: { layer: 'udp', sourcePort: 1000, destinationPort: 53 },
  };
  const theirs = {
    link: network.link,
    lastLink: network.link,
    network,
    rejectedVersion: undefined,
    malformed: false,
  };
  const packet = Buffer.alloc(62);
  packet.writeUInt16BE(0x0800, 12);
  const ours = (destinationPort: number, cause: ParsedPacket['cause'] = null): ParsedPacket => ({
    cause,
    outer: {
      family: 4,
      protocol: 17,
      detail: 0,
      source: keyAddress('10.0.0.1'),
      destination: keyAddress('10.0.0.2'),
      sourcePort: 1000,
      destinationPort,
    },
    innerCause: null,
    inner: null,
    quoted: null,
    vni: 0,
  });
  const kindOf = (parsed: ParsedPacket) => compareOuter(packet, parsed, theirs, new FragmentMemory()).kind;

  it('tells a wrong port from the right one', () => {
    assert.equal(kindOf(ours(53)), 'equal');
    assert.equal(kindOf(ours(54)), 'disagreement');
  });

  it('does not believe a cause that is not true', () => {
    assert.equal(kindOf(ours(53, 'truncated')), 'disagreement');
    assert.equal(kindOf(ours(53, 'not-ip')), 'disagreement');
  });
});

describe('addresses from tshark', () => {
  it('are what the platform makes of them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 15 }),
        (bytes, zeros) => {
          const hex = Buffer.from(bytes).fill(0, 0, zeros).toString('hex');
          const written = new URL(`http://[${hex.match(/.{4}/g)?.join(':') ?? ''}]`).hostname.slice(1, -1);
          assert.equal(keyAddress(written), hex);
        },
      ),
    );
  });

  it('may end in dotted form, mapped or not', () => {
    assert.equal(keyAddress('::ffff:10.0.0.1'), '00000000000000000000ffff0a000001');
    assert.equal(keyAddress('::128.0.0.0'), '00000000000000000000000080000000');
    assert.equal(keyAddress('10.0.0.1'), '00000000000000000000ffff0a000001');
  });
});

describe('the grammar', () => {
  it('makes the same packet of the same seed and index, of a length that the kernel can run', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, index) => {
        const packet = makePacket(seed, index);
        assert.deepEqual(makePacket(seed, index), packet);
        assert.ok(packet.length >= 15 && packet.length <= 3000);
      }),
    );
  });
});

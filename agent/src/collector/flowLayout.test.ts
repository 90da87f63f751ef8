import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TUNNEL_KINDS } from '../../../src/model/flow.ts';
import { UNPARSED_CAUSES } from '../../../src/model/ledger.ts';
import {
  EVENT,
  EVENT_BYTES,
  EVENT_KIND,
  EVENT_NAMES,
  KEY,
  KEY_BYTES,
  POINT_SLOTS,
  RECORD,
  RECORD_BYTES,
  SIDE,
  SLOT,
  SLOT_BYTES,
  TCP_FLAG,
  TUNNEL,
  TUNNEL_BYTES,
} from './flowLayout.ts';

const HEADERS = fileURLToPath(new URL('../../../bpf', import.meta.url));

/** Values of C expressions, as the compiler sees bpf/flow.h. */
function compiled(expressions: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'vethscope-layout-'));
  try {
    const source = join(folder, 'layout.c');
    const program = join(folder, 'layout');
    const lines = expressions.map((expression) => `printf("%lu\\n", (unsigned long)(${expression}));`);
    writeFileSync(
      source,
      `#include <linux/types.h>\n#include <stddef.h>\n#include <stdio.h>\n#include "flow.h"\nint main(void) { ${lines.join(' ')} }\n`,
    );
    execFileSync('clang', ['-I', HEADERS, '-o', program, source]);
    return execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map(Number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('layout of kernel records', () => {
  it('is the one the compiler gives bpf/flow.h', function () {
    this.timeout(20_000);
    const expected = new Map<string, number>([
      ['sizeof(struct flow_key)', KEY_BYTES],
      ['sizeof(struct flow_record)', RECORD_BYTES],
      ['sizeof(struct point_slot)', SLOT_BYTES],
      ['sizeof(struct event)', EVENT_BYTES],
      ['POINT_SLOTS', POINT_SLOTS],
      ['POINT_OPENED', TCP_FLAG.opened],
      ['offsetof(struct flow_key, low_address)', KEY.lowAddress],
      ['offsetof(struct flow_key, high_address)', KEY.highAddress],
      ['offsetof(struct flow_key, netns)', KEY.netns],
      ['offsetof(struct flow_key, low_port)', KEY.lowPort],
      ['offsetof(struct flow_key, high_port)', KEY.highPort],
      ['offsetof(struct flow_key, protocol)', KEY.protocol],
      ['offsetof(struct flow_key, family)', KEY.family],
      ['offsetof(struct flow_key, detail)', KEY.detail],
      ['offsetof(struct flow_record, key)', RECORD.key],
      ['offsetof(struct flow_record, value.low)', RECORD.low],
      ['offsetof(struct flow_record, value.high)', RECORD.high],
      ['offsetof(struct flow_record, value.syn_time)', RECORD.synTime],
      ['offsetof(struct flow_record, value.answer_time)', RECORD.answerTime],
      ['offsetof(struct flow_record, value.syn_point)', RECORD.synPoint],
      ['offsetof(struct flow_record, value.answer_point)', RECORD.answerPoint],
      ['offsetof(struct flow_record, value.overflow_packets)', RECORD.overflowPackets],
      ['offsetof(struct flow_record, value.overflow_bytes)', RECORD.overflowBytes],
      ['offsetof(struct flow_record, value.slots)', RECORD.slots],
      ['offsetof(struct side_facts, cgroup_id)', SIDE.cgroup],
      ['offsetof(struct side_facts, other_cgroup_id)', SIDE.otherCgroup],
      ['offsetof(struct side_facts, srtt_us)', SIDE.srttUs],
      ['offsetof(struct side_facts, retransmits)', SIDE.retransmits],
      ['offsetof(struct side_facts, seen_retransmits)', SIDE.seenRetransmits],
      ['offsetof(struct side_facts, out_of_order)', SIDE.outOfOrder],
      ['offsetof(struct side_facts, zero_windows)', SIDE.zeroWindows],
      ['offsetof(struct side_facts, tunnel)', SIDE.tunnel],
      ['offsetof(struct side_facts, outer_port)', SIDE.outerPort],
      ['offsetof(struct side_facts, syns)', SIDE.syns],
      ['offsetof(struct side_facts, dscp)', SIDE.dscp],
      ['offsetof(struct side_facts, cookie)', SIDE.cookie],
      ['sizeof(struct tunnel_key) + sizeof(__u32)', TUNNEL_BYTES],
      ['offsetof(struct tunnel_key, source)', TUNNEL.source],
      ['offsetof(struct tunnel_key, destination)', TUNNEL.destination],
      ['offsetof(struct tunnel_key, netns)', TUNNEL.netns],
      ['offsetof(struct tunnel_key, identifier)', TUNNEL.identifier],
      ['offsetof(struct tunnel_key, port)', TUNNEL.port],
      ['offsetof(struct tunnel_key, protocol)', TUNNEL.protocol],
      ['offsetof(struct tunnel_key, kind)', TUNNEL.kind],
      ['sizeof(struct tunnel_key)', TUNNEL.id],
      ['TUNNEL_VXLAN', TUNNEL_KINDS.indexOf('vxlan') + 1],
      ['TUNNEL_GENEVE', TUNNEL_KINDS.indexOf('geneve') + 1],
      ['TUNNEL_GRE', TUNNEL_KINDS.indexOf('gre') + 1],
      ['TUNNEL_IP', TUNNEL_KINDS.indexOf('ip') + 1],
      ['offsetof(struct point_slot, point)', SLOT.point],
      ['offsetof(struct point_slot, flags)', SLOT.tcpFlags],
      ['offsetof(struct point_slot, packets)', SLOT.packets],
      ['offsetof(struct point_slot, bytes)', SLOT.bytes],
      ['offsetof(struct point_slot, first)', SLOT.first],
      ['offsetof(struct point_slot, last)', SLOT.last],
      ['offsetof(struct event, key)', EVENT.key],
      ['offsetof(struct event, kind)', EVENT.kind],
      ['offsetof(struct event, point)', EVENT.point],
      ['offsetof(struct event, time)', EVENT.time],
      ['offsetof(struct event, ifindex)', EVENT.ifindex],
      ['offsetof(struct event, length)', EVENT.length],
      ['offsetof(struct event, value)', EVENT.value],
      ['offsetof(struct event, packets)', EVENT.packets],
      ['offsetof(struct event, captured)', EVENT.captured],
      ['offsetof(struct event, offset)', EVENT.offset],
      ['EVENT_ICMP_ERROR', EVENT_KIND.icmpError],
      ['EVENT_DNS', EVENT_KIND.dns],
      ['EVENT_CAPTURE', EVENT_KIND.capture],
      ['EVENT_DROP', EVENT_KIND.drop],
      ['EVENT_SAMPLE', EVENT_KIND.sample],
      ['EVENT_KINDS', EVENT_NAMES.length],
      ['UNPARSED_CAUSES', UNPARSED_CAUSES.length],
    ]);
    const found = compiled([...expected.keys()]);
    assert.deepEqual(
      Object.fromEntries([...expected.keys()].map((key, i) => [key, found[i]])),
      Object.fromEntries(expected),
    );
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { FLOW } from '../../../src/model/flowRecord.ts';
import { StreamFlowsResponseSchema } from '../../../src/model/wire/generated/vethscope_pb.js';
import { LiveSource } from './liveSource.ts';
import { Recorder } from './recorder.ts';
import { parseRecording } from './recording.ts';
import { ReplaySource } from './replaySource.ts';
import { Received } from './testClient.fixture.ts';
import { TestNode } from './testNode.fixture.ts';

const ALL = { podUids: [], namespaces: [] };

/** Records a short session of three flows. */
async function record(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vethscope-record-'));
  try {
    const path = join(folder, 'session.jsonl');
    const node = new TestNode();
    node.tick([40_001, 40_002]);
    const recorder = await Recorder.open(path, new LiveSource(node, []));
    await sleep(50);
    node.tick([40_001, 40_003]);
    await sleep(50);
    await recorder.close();
    return readFileSync(path, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function replay(source: ReplaySource, milliseconds: number): Promise<Received> {
  const received = new Received();
  const signal = AbortSignal.timeout(milliseconds);
  for await (const message of source.flows({ afterSequence: 0, interval: 0, target: ALL }, signal)) {
    received.take(create(StreamFlowsResponseSchema, message));
  }
  return received;
}

describe('a recorded session', () => {
  it('is served with the figures it had and the times of now', async () => {
    const source = new ReplaySource(parseRecording(await record(), 'session.jsonl'));
    const received = await replay(source, 400);
    assert.equal(received.records.size, 3);
    assert.equal(received.total(FLOW.sentPackets), 4);
    assert.equal(source.introduce().node, 'node-a');
    assert.equal(source.ledger().folded, 0);
  });

  it('begins again with other ids, and ends the flows of the round before', async () => {
    const source = new ReplaySource(parseRecording(await record(), 'session.jsonl'));
    const received = await replay(source, 1900);
    assert.equal(received.records.size, 6);
    assert.equal(received.ended.size, 3);
  });

  it('is refused with its line when it is broken', async () => {
    const text = await record();
    assert.throws(() => parseRecording('{"kind":"List"}', 'x.json'), /x\.json is not a recorded session/);
    assert.throws(() => parseRecording('', 'x.json'), /not a recorded session/);
    assert.throws(() => parseRecording(`${text}{"at":1}\n`, 'x.json'), /line \d+: it has none of/);
  });
});

import assert from 'node:assert/strict';
import type { Flow, FlowEnd } from '../../../src/model/flow.ts';
import { tableLine } from './flowText.ts';

const END: FlowEnd = {
  kind: 'pod',
  namespace: 'shop',
  name: 'web-1',
  uid: null,
  container: null,
  workload: null,
  node: null,
  address: '10.244.1.3',
  port: 80,
  names: [],
  evidence: ['pod-ip'],
  candidates: [],
};

const FLOW: Flow = {
  id: 's-1',
  start: '2026-01-01T00:00:00.000Z',
  end: '2026-01-01T00:00:01.000Z',
  final: false,
  protocol: 'tcp',
  initiator: 'certain',
  initiatorEvidence: 'opening',
  client: { ...END, name: 'client', port: 40_000 },
  server: END,
  service: null,
  nat: [],
  verdict: 'forwarded',
  drops: [],
  sent: { packets: 1, bytes: 60 },
  received: { packets: 1, bytes: 60 },
  tcp: null,
  tunnels: [],
  sightings: [],
};

/** Without the spaces that make columns. */
const lineOf = (flow: Flow): string => tableLine(flow).replaceAll(/\s+/g, ' ');

describe('a line of the flow table', () => {
  it('says of a decided flow nothing but names', () => {
    assert.match(lineOf(FLOW), / shop\/client:40000 shop\/web-1:80 forwarded /);
  });

  it('shows a guess as one', () => {
    const candidates = ['shop/job-1', 'shop/job-2'];
    const server = { ...END, name: null, namespace: null, candidates };
    const guessed = { ...FLOW, initiator: 'guessed', initiatorEvidence: 'port', server } as const;
    assert.match(
      lineOf(guessed),
      / shop\/client:40000 \(direction guessed\) 10\.244\.1\.3:80 \(several candidates\) /,
    );
  });
});

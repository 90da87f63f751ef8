/** What the agent tells of DNS against tshark's reading of the same interface; a real server and real clients. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { delay } from './commands.ts';
import { Lab } from './lab.ts';
import type { DnsLine, Observed } from './observe.ts';
import { Observation } from './observe.ts';
import { Sniffer } from './truth/sniffer.ts';

const FIELDS = [
  'dns.id',
  'dns.flags.response',
  'dns.qry.name',
  'dns.qry.type',
  'dns.flags.rcode',
  'dns.time',
  '_ws.col.Protocol',
  'udp.stream',
] as const;
const TYPES: Readonly<Record<string, string>> = { '1': 'A', '28': 'AAAA', '15': 'MX', '16': 'TXT' };
const RCODES: Readonly<Record<string, string>> = { '0': 'NOERROR', '3': 'NXDOMAIN', '5': 'REFUSED' };

describe('DNS', function () {
  this.timeout(90_000);
  let lab: Lab;
  let observed: Observed;
  let truth: string[][];

  before(async () => {
    lab = await Lab.build();
    const server = lab.pod('web-1').addresses;
    const silent = lab.pod('web-2').addresses;
    lab.spawn(lab.placeOf(lab.pod('web-1')), 'dnsmasq', [
      '--no-daemon',
      '--conf-file=/dev/null',
      '--no-resolv',
      '--no-hosts',
      '--user=root',
      '--pid-file=',
      '--local-ttl=77',
      '--local=/test/',
      '--address=/known.test/10.1.2.3',
      '--address=/known.test/fd00::7',
      '--mx-host=mail.test,mx.mail.test,10',
      `--txt-record=long.test,${Array.from({ length: 12 }, () => 'x'.repeat(200)).join()}`,
    ]);
    // Takes questions and answers none.
    lab.spawn(lab.placeOf(lab.pod('web-2')), 'socat', ['-u', 'UDP6-RECV:53,ipv6only=0', 'OPEN:/dev/null']);
    await delay(1000);
    const observation = await Observation.start(lab, 20, undefined, ['--dns']);
    const sniffer = await Sniffer.start(
      lab.plan.node.netns,
      [lab.pod('client').hostInterface ?? ''],
      'port 53',
      FIELDS,
    );
    const dig = (...args: string[]): Promise<unknown> => {
      const child = lab.spawn(lab.placeOf(lab.pod('client')), 'dig', [
        '+tries=1',
        '+time=2',
        '+nosearch',
        ...args,
      ]);
      child.stdout?.resume();
      return once(child, 'exit');
    };
    await dig(`@${server.ipv4}`, 'known.test', 'A');
    await dig(`@${server.ipv6}`, 'known.test', 'AAAA');
    await dig(`@${server.ipv4}`, 'nothing.test', 'A');
    await dig(`@${server.ipv4}`, 'elsewhere.example', 'A');
    await dig(`@${server.ipv4}`, '+tcp', 'known.test', 'A');
    await dig(`@${server.ipv6}`, '+tcp', 'nothing.test', 'AAAA');
    await dig(`@${server.ipv4}`, '+tcp', '+keepopen', 'long.test', 'TXT', 'mail.test', 'MX');
    await dig(`@${silent.ipv4}`, 'silence.test', 'A');
    truth = await sniffer.end();
    observed = await observation.end();
  });

  after(async () => {
    await lab.close();
  });

  it('has each exchange that tshark has, over UDP and TCP, with name, type and code', () => {
    const asked = truth.filter(([, response]) => response === 'False' || response === '0');
    const answers = truth.filter(([, response]) => response === 'True' || response === '1');
    const expected = asked.map(([id, , name, type, , , , udp]) => {
      const answer = answers.find((row) => row[0] === id && row[2] === name && row[3] === type);
      const code = answer === undefined ? null : RCODES[answer[4] ?? ''];
      return [udp === '' || udp === undefined ? 'tcp' : 'udp', name, TYPES[type ?? ''], code].join();
    });
    assert.equal(expected.length, 9);
    const told = observed.dns.map(({ protocol, name, type, rcode }) => [protocol, name, type, rcode].join());
    assert.deepEqual(told.sort(), expected.sort());
  });

  it('tells latency as tshark does, and none without an answer', () => {
    const differences = observed.dns.flatMap(({ name, type, protocol, latencyUs }) => {
      const row = truth.find(
        ([, , qry, qryType, , time, , udp]) =>
          time !== '' &&
          qry === name &&
          TYPES[qryType ?? ''] === type &&
          (udp !== '') === (protocol === 'udp'),
      );
      assert.equal(row === undefined, latencyUs === null, `${name} ${type}`);
      return row === undefined || latencyUs === null ? [] : [Math.abs(Number(row[5]) * 1e6 - latencyUs)];
    });
    differences.sort((a, b) => a - b);
    // Two looks at the same two packets, a few instructions apart.
    assert.ok((differences[differences.length >> 1] ?? Infinity) < 1000, differences.join());
  });

  it('tells answers with their time to live, and who asked whom', () => {
    const [first] = of('known.test', 'A');
    assert.deepEqual(first?.answers, [{ type: 'A', data: '10.1.2.3', ttl: 77 }]);
    assert.deepEqual([first.client.name, first.server.name, first.server.port], ['client', 'web-1', 53]);
    assert.ok(observed.flows.some(({ id }) => id === first.flow));
    assert.deepEqual(of('known.test', 'AAAA')[0]?.answers, [{ type: 'AAAA', data: 'fd00::7', ttl: 77 }]);
    assert.equal(of('mail.test', 'MX')[0]?.answers[0]?.data, '10 mx.mail.test');
    const [long] = of('long.test', 'TXT');
    assert.equal(long?.answers[0]?.data, Array.from({ length: 12 }, () => `"${'x'.repeat(200)}"`).join(' '));
  });

  it('counts what it read, and lost none', () => {
    const { dns, eventsLost, suppressed } = observed.ledger;
    assert.equal(dns.messages, truth.filter(([id]) => id !== '').length);
    assert.deepEqual([dns.malformed, dns.unmatched, dns.duplicates, dns.unassembled], [0, 0, 0, 0]);
    assert.deepEqual([eventsLost, suppressed], [0, {}]);
  });

  function of(name: string, type: string): DnsLine[] {
    return observed.dns.filter((one) => one.name === name && one.type === type);
  }
});

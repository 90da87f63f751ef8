/** `vethscope-agent capture` against tshark's own capture of the same interface. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { delay, run, until } from './commands.ts';
import { Lab } from './lab.ts';
import { objectsOf } from './truth/kernelPrograms.ts';
import { Sniffer } from './truth/sniffer.ts';
import { exchange, ping, sendDatagrams, serve } from './traffic.ts';

const MAIN = fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url));
const FIELDS = ['frame.len', 'ip.src', 'ip.dst', 'ip.id', 'tcp.seq_raw', 'tcp.flags'] as const;
const COLUMNS = FIELDS.flatMap((field) => ['-e', field]);

describe('capture', function () {
  this.timeout(90_000);
  let lab: Lab;

  before(async () => {
    lab = await Lab.build();
    await serve(lab, lab.placeOf(lab.pod('web-1')), 8080, 8053);
    ping(lab, lab.placeOf(lab.pod('client')), lab.pod('web-1').addresses.ipv4, 1);
    await lab.settle();
  });

  after(async () => {
    await lab.close();
  });

  /** Runs a capture into a shell's pipe and returns once its programs are attached. */
  async function start(
    args: readonly string[],
    reader: string,
  ): Promise<{ shell: ChildProcess; agent: number }> {
    const words = [process.execPath, MAIN, 'capture', '--netns', lab.plan.node.netns, ...args];
    const script = `"$@" ${reader} & echo $! >&2; wait $!`;
    const shell = spawn('bash', ['-c', script, 'bash', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    let messages = '';
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
    const agent = await until('the capture to attach', 20, () => {
      if (shell.exitCode !== null) throw new Error(messages);
      const found = run('sh', ['-c', `pgrep -P ${shell.pid ?? 0} -f "main.ts capture" || true`]).trim();
      const pid = Number(found.split('\n')[0]);
      return found !== '' && objectsOf(pid).links.length > 0 ? pid : null;
    });
    await delay(500);
    return { shell, agent };
  }

  function traffic(): void {
    const client = lab.placeOf(lab.pod('client'));
    const web = lab.pod('web-1').addresses.ipv4;
    exchange(lab, client, { address: web, port: 8080 }, { send: 300_000, receive: 100_000 });
    sendDatagrams(lab, client, {
      address: web,
      port: 8053,
      count: 100,
      size: 700,
      localPort: 41_000,
      echo: true,
    });
    ping(lab, client, web, 3);
  }

  it('is what tshark sees of the same interface: packets, bytes and their order', async () => {
    const veth = lab.pod('client').hostInterface ?? '';
    const file = join(lab.folder, 'piped.tsv');
    const sniffer = await Sniffer.start(lab.plan.node.netns, [veth], 'ip', FIELDS);
    const { shell, agent } = await start(
      ['-w', '-', '--interface', veth, '--protocol', 'tcp', '--protocol', 'udp', '--protocol', 'icmp'],
      `> >(tshark -n -r - -T fields ${COLUMNS.join(' ')} >${file}; echo done)`,
    );
    const closed = once(shell, 'close');
    traffic();
    const truth = await sniffer.end();
    process.kill(agent, 'SIGINT');
    await closed;
    assert.equal(shell.exitCode, 0);
    const captured = run('cat', [file])
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
    assert.ok(truth.length > 200);
    // Two CPUs take turns at the two directions, so that neighbours may change places: each direction has an order.
    const client = lab.pod('client').addresses.ipv4;
    for (const side of [true, false]) {
      const of = (rows: string[][]): string[][] => rows.filter((row) => (row[1] === client) === side);
      assert.deepEqual(of(captured), of(truth));
    }
  });

  it('has several interfaces in one file, each packet with its direction, and ends with what each had', async () => {
    const file = join(lab.folder, 'several.pcapng');
    const names = [lab.pod('client').hostInterface ?? '', lab.pod('web-1').hostInterface ?? ''];
    const { shell, agent } = await start(
      ['-w', file, '--port', '8053', ...names.flatMap((name) => ['--interface', name])],
      '',
    );
    traffic();
    const closed = once(shell, 'close');
    process.kill(agent, 'SIGINT');
    await closed;
    assert.equal(shell.exitCode, 0);
    const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'udp.dstport'];
    const rows = run('tshark', [
      '-n',
      '-r',
      file,
      '-T',
      'fields',
      ...fields.flatMap((field) => ['-e', field]),
    ])
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    assert.equal(rows.length, 400);
    const directions = new Map<string, number>();
    for (const [name, direction, port] of rows) {
      const key = [name?.split('/').at(-1), Number(direction), port === '8053' ? 'request' : 'answer'].join(
        ' ',
      );
      directions.set(key, (directions.get(key) ?? 0) + 1);
    }
    assert.deepEqual(
      directions,
      new Map(
        names
          .flatMap((name, index) => [
            [`${name} ${index === 0 ? 1 : 2} request`, 100] as const,
            [`${name} ${index === 0 ? 2 : 1} answer`, 100] as const,
          ])
          .sort(([a], [b]) => [...directions.keys()].indexOf(a) - [...directions.keys()].indexOf(b)),
      ),
    );
    const information = run('capinfos', [file]);
    assert.match(information, /Number of interfaces in file:\s+2/);
    assert.match(information, /Number of stat entries = 1/);
    assert.match(information, /Time precision = nanoseconds/);
  });

  it('ends quietly when its reader does, and after a number of packets', async () => {
    const first = await start(['-w', '-', '--port', '8080'], '| head -c 2000 >/dev/null');
    const closed = once(first.shell, 'close');
    traffic();
    await closed;
    assert.equal(first.shell.exitCode, 0);
    const file = join(lab.folder, 'count.pcapng');
    const second = await start(['-w', file, '--count', '17', '--snap-length', '60'], '');
    const ended = once(second.shell, 'close');
    traffic();
    await ended;
    const lengths = run('tshark', ['-n', '-r', file, '-T', 'fields', '-e', 'frame.cap_len'])
      .trim()
      .split('\n');
    assert.equal(lengths.length, 17);
    assert.ok(lengths.every((length) => Number(length) <= 60));
  });

  it('counts what a reader that stalls cannot take, and still ends', async () => {
    const { shell, agent } = await start(['-w', '-', '--port', '8080'], '> >(sleep 8; cat >/dev/null)');
    let messages = '';
    shell.stderr?.on('data', (text: string) => (messages += text));
    const closed = once(shell, 'close');
    const client = lab.placeOf(lab.pod('client'));
    const address = lab.pod('web-1').addresses.ipv4;
    exchange(lab, client, { address, port: 8080 }, { send: 60_000_000, receive: 1000 });
    process.kill(agent, 'SIGINT');
    await closed;
    const [, packets, lost] = /(\d+) packets captured, (\d+) lost/.exec(messages) ?? [];
    assert.ok(Number(packets) > 0 && Number(lost) > 0, messages);
  });
});

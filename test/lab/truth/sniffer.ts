/** What tshark says of the packets of an interface: a reading that is not ours. It leaves the interface's mode alone. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delay, netnsPath, until } from '../commands.ts';

/** tshark hands packets over in blocks; this is longer than it waits for one to fill. */
const LAST_BLOCK = 1500;

export class Sniffer {
  readonly #child: ChildProcess;
  #output = '';
  #messages = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    // Also where a test fails before it ends it.
    const stop = (): boolean => child.kill();
    process.once('exit', stop);
    child.once('close', () => process.off('exit', stop));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#messages += text));
  }

  /** Returns when it captures. @param filter in pcap's language @param fields tshark's, one column each @param more of tshark's options */
  static async start(
    netns: string,
    interfaces: readonly string[],
    filter: string,
    fields: readonly string[],
    more: readonly string[] = [],
  ): Promise<Sniffer> {
    const from = interfaces.flatMap((name) => ['-i', name]);
    const columns = fields.flatMap((field) => ['-e', field]);
    // After an interface the filter would be for that one alone.
    const args = ['tshark', '-n', '-p', '-l', '-f', filter, ...from, ...more, '-T', 'fields', ...columns];
    const sniffer = new Sniffer(
      spawn('nsenter', [`--net=${netnsPath(netns)}`, '--', ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    await until('tshark to capture', 60, () => (sniffer.#messages.includes('Capturing on') ? true : null));
    // It says so a little before its socket is open.
    await delay(1000);
    return sniffer;
  }

  /** Ends it without asking what it saw. */
  stop(): void {
    this.#child.kill();
  }

  /** One row a packet, with a column for each field. @throws Error where tshark says that it missed some */
  async end(): Promise<string[][]> {
    await delay(LAST_BLOCK);
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
    const missed = /^[1-9]\d* packets? dropped.*$/m.exec(this.#messages);
    if (missed !== null) throw new Error(`tshark: ${missed[0]}`);
    return this.#output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }
}

/**
 * A process that serves flows of which all change in every interval, and prints its port and then its memory.
 * Usage: node stalledReader.fixture.ts FLOWS INTERVAL-MS
 */
import { datagrams, TestNode } from './testNode.fixture.ts';

const [flows = 0, interval] = process.argv.slice(2).map(Number);
const node = new TestNode(flows, interval);
// Made once: building packets would cost this process more memory than serving them.
const drain = datagrams(
  Array.from({ length: flows }, (_, index) => 1000 + index),
  0,
);
node.repeat(drain);
const listener = await node.serve();
process.stdout.write(`${JSON.stringify({ port: listener.port })}\n`);
setInterval(() => node.repeat(drain), interval);
setInterval(() => process.stdout.write(`${JSON.stringify({ rss: process.memoryUsage.rss() })}\n`), 200);

import { readFileSync } from 'node:fs';
import type { AttachWay } from '../../native/index.d.ts';
import { loadPayload } from '../collector/addon.ts';
import { runChecks } from '../collector/checks.ts';
import { ciliumRefusal } from '../nat/cilium/ciliumNode.ts';
import { Failure, messageOf } from '../failure.ts';
import { readInventoryFile } from '../identity/inventoryFile.ts';
import { Observation } from '../observation.ts';
import { Heartbeat } from '../server/heartbeat.ts';
import { Listener } from '../server/listener.ts';
import { LiveSource } from '../server/liveSource.ts';
import { Recorder } from '../server/recorder.ts';
import { parseRecording } from '../server/recording.ts';
import { ReplaySource } from '../server/replaySource.ts';
import type { Source } from '../server/source.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { namespaceInode } from '../topology/processNamespaces.ts';
import { tell } from './output.ts';
import { requireRoot } from './requirements.ts';
import type { Stop } from './signals.ts';
import { whenAsked } from './signals.ts';

export interface ServeOptions {
  /** HOST:PORT on loopback. */
  readonly listen: string;
  /** - for standard input. */
  readonly tokenFile: string;
  readonly netns: readonly string[];
  readonly interface: readonly string[];
  readonly node: string;
  readonly inventory?: string;
  readonly record?: string;
  readonly replay?: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly maxFlows: number;
  /** Bytes. */
  readonly mapMemory?: number;
  readonly attach?: AttachWay;
  /** Seconds. */
  readonly heartbeatTimeout: number;
  readonly firstClientTimeout: number;
}

/** Serves flows to whoever has the token, until nobody is there any more. */
export async function serve(options: ServeOptions, version: string): Promise<void> {
  if (options.replay !== undefined && options.record !== undefined) {
    throw new Failure('--record and --replay exclude each other', 'Give one of them.');
  }
  const token = readToken(options.tokenFile);
  const stop = whenAsked();
  if (options.replay !== undefined) {
    await listen(options, token, version, new ReplaySource(readRecording(options.replay)), stop, () => {});
  } else await serveObservation(options, token, version, stop);
}

async function serveObservation(
  options: ServeOptions,
  token: string,
  version: string,
  stop: Stop,
): Promise<void> {
  const payload = loadPayload();
  requireRoot('observing');
  const checks = runChecks(() => payload, [], ciliumRefusal);
  const observation = await Observation.open({
    payload,
    node: options.node,
    namespaces: options.netns.length === 0 ? [nodeNamespace()] : options.netns.map(namespacePath),
    interfaces: options.interface,
    inventory: options.inventory === undefined ? [] : readInventoryFile(options.inventory),
    interval: options.interval,
    maxFlows: options.maxFlows,
    mapBytes: options.mapMemory,
    attach: options.attach,
    tell,
  });
  try {
    const source = new LiveSource(observation, checks);
    const recorder = options.record === undefined ? undefined : await Recorder.open(options.record, source);
    recorder?.broken.catch(stop.failed);
    observation.start(stop.failed);
    try {
      await listen(options, token, version, source, stop, (port) => (observation.own.port = port));
    } finally {
      await recorder?.close();
    }
  } finally {
    await observation.close();
  }
}

async function listen(
  options: ServeOptions,
  token: string,
  version: string,
  source: Source,
  stop: Stop,
  opened: (port: number) => void,
): Promise<void> {
  const times = { lost: options.heartbeatTimeout, first: options.firstClientTimeout };
  const heartbeat = new Heartbeat(times, (message) => {
    tell(`${message}: detached and leaving`);
    stop.now();
  });
  try {
    const listener = await Listener.open({ source, heartbeat, token, version, ...loopback(options.listen) });
    opened(listener.port);
    process.stdout.write(`${JSON.stringify({ port: listener.port })}\n`);
    try {
      await stop.asked;
    } finally {
      await listener.close();
    }
  } finally {
    heartbeat.stop();
  }
}

/** The port must never be open to the node's network, whatever the caller says. */
function loopback(text: string): { host: string; port: number } {
  const match = /^(127(?:\.\d{1,3}){3}|localhost):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65535) {
    throw new Failure(
      `--listen ${text} is not a loopback address with a port`,
      'Give 127.0.0.1:0 for any free port.',
    );
  }
  return { host: match[1] === 'localhost' ? '127.0.0.1' : match[1], port };
}

const SHORTEST_TOKEN = 16;

function readToken(path: string): string {
  let token: string;
  try {
    token = readFileSync(path === '-' ? 0 : path, 'utf8').trim();
  } catch (error) {
    throw new Failure(
      `cannot read the token file ${path}: ${messageOf(error)}`,
      'Give a file with the session token, or -.',
      {
        cause: error,
      },
    );
  }
  if (token.length >= SHORTEST_TOKEN) return token;
  throw new Failure(
    `the token in ${path === '-' ? 'standard input' : path} has ${token.length} characters, fewer than ${SHORTEST_TOKEN}`,
    'Make one with: openssl rand -hex 32',
  );
}

function readRecording(path: string): ReturnType<typeof parseRecording> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(
      `cannot read the recorded session ${path}: ${messageOf(error)}`,
      'Give a file made with --record.',
      {
        cause: error,
      },
    );
  }
  return parseRecording(text, path);
}

/** In a pod with hostPID the node's namespace is that of PID 1; everywhere else our own. */
function nodeNamespace(): string {
  const own = namespaceInode('/proc/self/ns/net');
  const init = namespaceInode('/proc/1/ns/net');
  return init !== undefined && init !== own ? '/proc/1/ns/net' : '/proc/self/ns/net';
}

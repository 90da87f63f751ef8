import { Command, InvalidArgumentError, Option } from 'commander';
import { hostname } from 'node:os';
import packageJson from '../../../package.json' with { type: 'json' };
import type { CaptureOptions } from './capture.ts';
import { capture } from './capture.ts';
import type { DoctorOptions } from './doctor.ts';
import { doctor } from './doctor.ts';
import type { ObserveOptions } from './observe.ts';
import { observe } from './observe.ts';
import { withPacketFilter } from './packetFilter.ts';
import type { ServeOptions } from './serve.ts';
import { serve } from './serve.ts';
import type { TopologyOptions } from './topology.ts';
import { topology } from './topology.ts';

/** Rows of the flow table and entries of one half of the kernel's map. */
const DEFAULT_FLOWS = 131_072;
/** The kernel program copies no more of a packet. */
const LONGEST_SNAP = 65_535;

/** The command line. Data goes to standard output, everything else to standard error. */
export function program(): Command {
  const root = new Command('vethscope-agent')
    .description('Observes the flows of a Linux node or network namespace with eBPF.')
    .version(packageJson.version)
    .showHelpAfterError('(add --help for the options)');
  root.addCommand(observeCommand());
  root.addCommand(captureCommand());
  root.addCommand(topologyCommand());
  root.addCommand(doctorCommand());
  root.addCommand(serveCommand());
  return root;
}

function observeCommand(): Command {
  return withPacketFilter(withNode(new Command('observe')), 'count')
    .description('print the flows of namespaces, by default of this one, until interrupted')
    .option('--netns <path|name>', 'network namespace to observe; may be repeated', repeated, [])
    .option('--interface <name>', 'observe only this interface; may be repeated', repeated, [])
    .option('--inventory <file>', 'pods and services: kubectl get pods,svc,nodes,endpointslices -A -o json')
    .option('--duration <seconds>', 'stop after this time', positive)
    .option('--interval <ms>', 'time between updates', positive, 500)
    .addOption(new Option('--output <format>', 'what to print').choices(['table', 'jsonl']).default('table'))
    .option('--final', 'print a flow once, when it ends', false)
    .option('--dns', 'also print questions to name servers with their answers', false)
    .option(
      '--samples',
      'also print the first 64 bytes, which may hold payload, of one packet of each cause that was not parsed',
      false,
    )
    .option(
      '--paths',
      'also print the way of each flow: its points, and why nothing was seen where nothing was',
      false,
    )
    .option(
      '--interface-views',
      'in the end also print what each interface sees and cannot see, with what was counted there',
      false,
    )
    .option('--ledger', 'end with a line of what was counted and lost', false)
    .addOption(mapMemory())
    .addOption(attach())
    .option('--filter <text>', 'only flows with this text in a name, address, port or verdict')
    .option('--max-flows <count>', 'flows that are kept', positive, DEFAULT_FLOWS)
    .action((options: ObserveOptions) => observe(options));
}

function captureCommand(): Command {
  return withPacketFilter(withNode(new Command('capture')), 'take')
    .description('write packets to a pcapng file or pipe, until interrupted')
    .requiredOption('-w, --write <file>', 'where to, - for standard output')
    .option('--netns <path|name>', 'network namespace; may be repeated', repeated, [])
    .option('--interface <name>', 'only this interface; may be repeated', repeated, [])
    .addOption(attach())
    .option('--snap-length <bytes>', 'what is kept of each packet', snapLength, LONGEST_SNAP)
    .option('--rate <count>', 'packets a second, for each interface, direction and CPU', positive)
    .option('--duration <seconds>', 'stop after this time', positive)
    .option('--count <packets>', 'stop after so many', positive)
    .action((options: CaptureOptions) => capture(options, packageJson.version));
}

function topologyCommand(): Command {
  return withNode(new Command('topology'))
    .description('print the interfaces of a node, what they are connected to and whose they are')
    .option('--netns <path|name>', 'network namespace to start from; may be repeated', repeated, [])
    .option('--inventory <file>', 'pods and services, as for observe')
    .option('--pod <name>', 'print how this pod got its network instead; its name, namespace/name or uid')
    .addOption(new Option('--output <format>', 'what to print').choices(['json', 'table']).default('table'))
    .option('--interface-views', 'also print what each interface sees and cannot see', false)
    .action((options: TopologyOptions) => topology(options));
}

function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'say what this kernel offers and what each lack means; exit code 1 where observing is impossible',
    )
    .option('--json', 'print JSON', false)
    .option('--simulate <names>', 'pretend that things are missing, for example no-btf,old-kernel')
    .action((options: DoctorOptions) => doctor(options));
}

function serveCommand(): Command {
  return withNode(new Command('serve'))
    .description('serve flows over HTTP/2 on loopback to whoever has the token; prints {"port":N}')
    .option('--listen <host:port>', 'loopback address; port 0 takes any free one', '127.0.0.1:0')
    .requiredOption('--token-file <file>', 'file with the session token, - for standard input')
    .option(
      '--netns <path|name>',
      "namespace to observe instead of the node's; may be repeated",
      repeated,
      [],
    )
    .option('--interface <name>', 'observe only this interface; may be repeated', repeated, [])
    .option('--inventory <file>', 'pods and services to begin with, as for observe')
    .option('--record <file>', 'also write the session to this file')
    .option('--replay <file>', 'serve a recorded session; needs neither Linux nor root')
    .option('--interval <ms>', 'time between updates', positive, 500)
    .option('--max-flows <count>', 'flows that are kept', positive, DEFAULT_FLOWS)
    .addOption(mapMemory())
    .addOption(attach())
    .option('--heartbeat-timeout <seconds>', 'leave when no heartbeat came for this long', positive, 15)
    .option('--first-client-timeout <seconds>', 'leave when no client came for this long', positive, 60)
    .action((options: ServeOptions) => serve(options, packageJson.version));
}

function withNode(command: Command): Command {
  return command.option('--node <name>', 'name of this node in output', hostname());
}

function mapMemory(): Option {
  return new Option(
    '--map-memory <size>',
    'kernel memory of the flow map when it is full, for example 64M; instead of the capacity of --max-flows',
  ).argParser(bytes);
}

/** The kernel decides; this is for tests, and for a kernel whose TCX is in somebody's way. */
function attach(): Option {
  return new Option('--attach <way>', 'attach by TCX links or by clsact filters')
    .choices(['tcx', 'clsact'])
    .hideHelp();
}

function repeated(value: string, before: string[]): string[] {
  return [...before, value];
}

const UNITS = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

/** A size such as 64M, in bytes. */
function bytes(text: string): number {
  const match = /^(\d+)([KMG]?)$/.exec(text);
  const size = Number(match?.[1]) * UNITS[(match?.[2] ?? '') as keyof typeof UNITS];
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new InvalidArgumentError('It must be a size such as 64M (K, M or G).');
}

function snapLength(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= LONGEST_SNAP) return value;
  throw new InvalidArgumentError(`It must be a number from 1 to ${LONGEST_SNAP}.`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number greater than 0.');
}

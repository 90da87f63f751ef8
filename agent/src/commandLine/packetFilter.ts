import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import ipaddr from 'ipaddr.js';
import type { PacketFilter } from '../../native/index.d.ts';
import { PROTOCOL_NUMBERS } from '../../../src/model/protocolNumbers.ts';
import { kernelFilter } from '../collector/kernelFilter.ts';

/** What the options say; empty for what was not given. */
export interface FilterOptions {
  readonly address: readonly string[];
  readonly port: readonly number[];
  /** IP protocol numbers. */
  readonly protocol: readonly number[];
}

/** Adds the options that say which packets the kernel passes on. */
export function withPacketFilter(command: Command, verb: string): Command {
  return command
    .option(
      '--address <address|prefix>',
      `${verb} only packets from or to it; may be repeated`,
      addAddress,
      [],
    )
    .option('--port <number>', `${verb} only packets from or to this port; may be repeated`, addPort, [])
    .option(
      '--protocol <name|number>',
      `${verb} only this IP protocol, for example tcp; may be repeated`,
      addProtocol,
      [],
    );
}

/** Null where every packet passes. */
export function packetFilter({ address, port, protocol }: FilterOptions): PacketFilter | null {
  return kernelFilter({ addresses: address, ports: port, protocols: protocol });
}

function addAddress(text: string, before: string[]): string[] {
  if (!(text.includes('/') ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text))) {
    throw new InvalidArgumentError('It must be an address or a prefix, for example 10.0.0.1 or fd00::/64.');
  }
  return [...before, text];
}

function addPort(text: string, before: number[]): number[] {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('It must be a number up to 65535.');
  }
  return [...before, port];
}

function addProtocol(text: string, before: number[]): number[] {
  const number = PROTOCOL_NUMBERS[text.toLowerCase()] ?? (/^\d+$/.test(text) ? Number(text) : NaN);
  if (!(number <= 255)) {
    const names = Object.keys(PROTOCOL_NUMBERS).join(', ');
    throw new InvalidArgumentError(`It must be a number up to 255 or one of ${names}.`);
  }
  return [...before, number];
}

import type { Sample } from '../flows/unparsedSamples.ts';
import { printable } from './flowText.ts';

/** A sample in the public JSON: RFC 3339 time, bytes in hexadecimal. */
export function sampleJson({ time, bytes, ...rest }: Sample): object {
  return {
    sample: { ...rest, time: new Date(time).toISOString(), bytes: Buffer.from(bytes).toString('hex') },
  };
}

/** One line in the table of flows: what it is, then its bytes in groups of two. */
export function sampleLine({ cause, interface: name, point, time, length, bytes }: Sample): string {
  const groups =
    Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,4}/gu) ?? [];
  const clock = new Date(time).toISOString().slice(11, 23);
  return `${printable(`${clock} sample ${cause} at ${name} ${point}, ${length} bytes: ${groups.join(' ')}`)}\n`;
}

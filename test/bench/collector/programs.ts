/** The bench's own programs in C: what attaches the reference programs, and what makes traffic. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../../lab/commands.ts';

const SOURCES = resolve(import.meta.dirname, '../programs');
const BUILT = resolve(import.meta.dirname, '../../../.cache/bench');

const PROGRAMS = {
  attach: { sources: ['attach', 'read_counters', 'read_events'], libraries: ['-lbpf'] },
  udp_send: { sources: ['udp_send'], libraries: [] },
  tcp_server: { sources: ['tcp_server'], libraries: ['-pthread'] },
  tcp_connect: { sources: ['tcp_connect'], libraries: [] },
  tcp_pingpong: { sources: ['tcp_pingpong'], libraries: [] },
  tcp_bulk: { sources: ['tcp_bulk'], libraries: [] },
} as const;
export type Program = keyof typeof PROGRAMS;

export const programPath = (name: Program): string => join(BUILT, name);
/** A reference program of the kernel side, which `npm run build:native` compiles. */
export const objectPath = (name: 'empty' | 'bare_counter' | 'packet_events' | 'swallow'): string =>
  join(BUILT, `${name}.o`);

/** Some seconds in all; throws with the compiler's message. */
export function compilePrograms(): void {
  if (!existsSync(objectPath('swallow'))) throw new Error('not built: run `npm run build:native`');
  for (const [name, { sources, libraries }] of Object.entries(PROGRAMS)) {
    const files = sources.map((source) => join(SOURCES, `${source}.c`));
    run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...files, ...libraries, '-o', join(BUILT, name)]);
  }
}

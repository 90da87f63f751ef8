import { readdirSync, readFileSync } from 'node:fs';
import { unlessCode } from './failure.ts';

const OWN = '/proc/self/fdinfo';
/** Of a descriptor that was closed since it was listed. */
const CLOSED = new Set(['ENOENT']);

/** Bytes of the maps that this process holds, each once however many descriptors it has; by the kernel's own account. */
export function kernelMapBytes(): number {
  const maps = new Map<string, number>();
  for (const descriptor of readdirSync(OWN)) {
    const text = unlessCode(CLOSED, () => readFileSync(`${OWN}/${descriptor}`, 'utf8')) ?? '';
    const id = /^map_id:\s*(\d+)$/m.exec(text)?.[1];
    const bytes = /^memlock:\s*(\d+)$/m.exec(text)?.[1];
    if (id !== undefined && bytes !== undefined) maps.set(id, Number(bytes));
  }
  return [...maps.values()].reduce((sum, bytes) => sum + bytes, 0);
}

import { readdirSync, readFileSync } from 'node:fs';

/** A TCX link as the kernel tells of it in the process that holds it. */
export interface HeldLink {
  readonly id: number;
  readonly programId: number;
  /** 0 once its device is gone. */
  readonly ifindex: number;
}

/** The TCX links that a process holds. */
export function tcxLinks(pid: number | 'self' = 'self'): HeldLink[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((fd) => {
    const text = readDescriptor(`${folder}/${fd}`);
    if (!/^link_type:\s*tcx/m.test(text)) return [];
    const number = (name: string): number =>
      Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return [{ id: number('link_id'), programId: number('prog_id'), ifindex: number('ifindex') }];
  });
}

/** How many links each interface has; those without a device are under 0. */
export function linksByInterface(pid: number | 'self' = 'self'): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { ifindex } of tcxLinks(pid)) counts.set(ifindex, (counts.get(ifindex) ?? 0) + 1);
  return counts;
}

function readDescriptor(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Closed between listing and reading.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlessCode } from './failure.ts';

/** Whose view of the file system: of the first process, in a pod with hostPID the node's, or our own. */
const VIEWS = [
  ['1', '/proc/1/root'],
  ['self', ''],
] as const;

/** A process that is gone, or that we may not look into. */
const UNREADABLE = new Set(['ENOENT', 'EACCES', 'EPERM', 'ESRCH']);

/** Where we can reach what is mounted of a type, the node's first. */
export function mountsOfType(type: string): string[] {
  return VIEWS.flatMap(([process, root]) => {
    const path = `/proc/${process}/mountinfo`;
    const text = unlessCode(UNREADABLE, () => readFileSync(path, 'utf8')) ?? '';
    return mountPoints(text, type).map((mount) => join('/', root, mount));
  });
}

/** Mount points of a type in the text of a mountinfo file (proc_pid_mountinfo(5)). */
export function mountPoints(mountinfo: string, type: string): string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [mount = '', file = ''] = line.split(' - ');
    const path = mount.split(' ')[4];
    return path !== undefined && file.startsWith(`${type} `) ? [unescape(path)] : [];
  });
}

/** Blanks and the like are written as \ooo there. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}

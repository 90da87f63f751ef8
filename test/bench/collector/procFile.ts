/** Files in /proc whose thread or descriptor may go between listing and reading. */
import { readFileSync } from 'node:fs';

/** Its text, empty where it is gone. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

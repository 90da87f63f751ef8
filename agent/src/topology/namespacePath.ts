import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { NAMED_NAMESPACE_FOLDERS } from './processNamespaces.ts';

/** The file of a namespace given as a path (contains a slash) or as a name that `ip netns` knows. */
export function namespacePath(pathOrName: string): string {
  if (pathOrName.includes('/')) return pathOrName;
  const found = NAMED_NAMESPACE_FOLDERS.map((folder) => join(folder, pathOrName)).find((path) =>
    existsSync(path),
  );
  if (found !== undefined) return found;
  throw new Failure(
    `there is no network namespace named "${pathOrName}" in ${NAMED_NAMESPACE_FOLDERS.join(', ')}`,
    'Give a name that "ip netns list" prints, or a file such as /proc/PID/ns/net.',
  );
}

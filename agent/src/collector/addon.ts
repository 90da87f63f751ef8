import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as native from '../../native/index.d.ts';
import { Failure } from '../failure.ts';
import { RECORD_BYTES } from './flowLayout.ts';

export type Addon = typeof native;

const ADDON = 'vethscope.node';
const OBJECT = 'collector.bpf.o';

/** The addon and the BPF object that lies beside it. */
export interface Payload {
  readonly addon: Addon;
  /** Path of the BPF object file. */
  readonly objectPath: string;
}

/**
 * Loads the native addon. It is looked for beside the bundle, or from a checkout in dist/payload.
 * Only observing needs it; a recorded session is served without.
 */
export function loadPayload(): Payload {
  if (process.platform !== 'linux') {
    throw new Failure(
      `observing needs Linux; this is ${process.platform}`,
      'Run the agent on the node, or open a recorded session with: vethscope-agent serve --replay FILE',
    );
  }
  const folder = payloadFolder();
  const path = join(folder, ADDON);
  let addon: Addon;
  try {
    addon = createRequire(path)(path) as Addon;
  } catch (error) {
    throw new Failure(
      `the native addon ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      'Its shared libraries lie beside it; copy the whole payload folder, and use Node 24 of the same architecture.',
      { cause: error },
    );
  }
  if (addon.layout.flowRecordBytes !== RECORD_BYTES) {
    throw new Failure(`the native addon ${path} is of another build than this program`, 'Run: npm run build');
  }
  return { addon, objectPath: join(folder, OBJECT) };
}

function payloadFolder(): string {
  const named = process.env.VETHSCOPE_PAYLOAD;
  const places = named === undefined ? candidateFolders() : [resolve(named)];
  const found = places.find((folder) => existsSync(join(folder, ADDON)));
  if (found !== undefined) return found;
  throw new Failure(
    `the native addon ${ADDON} is not in ${places.join(', ')}`,
    'From a checkout run: npm run build. In a pod copy the whole payload folder, not agent.cjs alone.',
  );
}

/** The folder of the running script, then dist/payload of every folder above it. */
function candidateFolders(): string[] {
  const script = resolve(process.argv[1] ?? '.');
  const payload = join('dist', 'payload', `linux-${process.arch}`);
  const folders = [dirname(script)];
  for (let folder = dirname(script); ; folder = dirname(folder)) {
    folders.push(join(folder, payload));
    if (folder === dirname(folder)) break;
  }
  return folders;
}

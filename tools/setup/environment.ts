import { join } from 'node:path';
import { binaryFolder } from '../../test/cluster/binaries.ts';
import { codeServerEntry } from './codeServer.ts';
import { commandPath } from './packages.ts';
import { root } from './step.ts';

/** The environment for the project's own programs: its Node and the cluster's kubectl first on PATH, sbin
 * on PATH, code-server's place. */
export function projectEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: [join(root, 'node_modules/.bin'), binaryFolder(), ...commandPath()].join(':'),
    VETHSCOPE_CODE_SERVER: process.env.VETHSCOPE_CODE_SERVER ?? codeServerEntry(),
  };
}

/** Command line: down.ts [keep]. With keep, keys, logs and etcd's data stay. */
import { stopCluster } from './stop.ts';

await stopCluster({ keepFolder: process.argv[2] === 'keep' });

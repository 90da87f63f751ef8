/**
 * `npm run demo`: VS Code in the browser on live flows, with nothing to prepare. On Linux as root from a small lab of
 * network namespaces, elsewhere from a recorded session. `--cluster` starts a real Kubernetes here, `--kubeconfig FILE`
 * uses yours, `--recorded` plays the recording on Linux too, `--port N` chooses the port, `--check` opens it by itself,
 * waits for rows and ends. Ctrl-C takes everything down.
 */
import { parseArgs } from 'node:util';
import { CodeServer } from './codeServer.ts';
import { checkDemo } from './demo/check.ts';
import type { DemoGround } from './demo/ground.ts';
import { clusterGround, kubeconfigGround, labGround, recordedGround } from './demo/grounds.ts';
import { buildExtension, extensionUnderTest } from './extensionFolder.ts';

const { values } = parseArgs({
  options: {
    cluster: { type: 'boolean', default: false },
    kubeconfig: { type: 'string' },
    recorded: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    port: { type: 'string' },
  },
});

async function groundOf(): Promise<DemoGround> {
  if (values.kubeconfig !== undefined) return kubeconfigGround(values.kubeconfig);
  if (values.cluster) return clusterGround();
  const canObserve = process.platform === 'linux' && process.getuid?.() === 0;
  return canObserve && !values.recorded ? labGround() : recordedGround();
}

async function startServer(ground: DemoGround): Promise<CodeServer> {
  const { folders = [], packages = [] } = extensionUnderTest();
  const companions = await Promise.all(
    ['demo-opener', 'kubernetes-stub'].slice(0, ground.opening?.pod ? 2 : 1).map(buildExtension),
  );
  const opening = ground.opening === null ? {} : { VETHSCOPE_DEMO: JSON.stringify(ground.opening) };
  return CodeServer.start({
    folders: [...folders, ...companions],
    packages,
    settings: ground.settings,
    environment: { ...ground.environment, ...opening },
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  });
}

const started = performance.now();
const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});
let ground: DemoGround | undefined;
let server: CodeServer | undefined;
try {
  ground = await groundOf();
  server = await startServer(ground);
  console.log(`Showing ${ground.what}.`);
  console.log(`Open ${server.url()}`);
  if (values.check) await checkDemo(server.url(), started, ground);
  else {
    console.log('Ctrl-C ends the demo and takes everything down.');
    await asked;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await server?.stop();
  await ground?.close();
}

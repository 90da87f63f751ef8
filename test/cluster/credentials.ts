/**
 * The cluster's keys and kubeconfigs. Elliptic-curve keys: made in milliseconds, where RSA takes a second each.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf, kubeconfigOf, NODES, nodeFolder, USERS } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { run } from './command.ts';

interface Identity {
  readonly file: string;
  /** Kubernetes reads the user from CN and the groups from O. */
  readonly subject: string;
  readonly alternativeNames: string;
  readonly days?: number;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export const keyFolder = (cluster: Pick<Cluster, 'folder'>) => join(cluster.folder, 'keys');

function identities(cluster: Cluster): Identity[] {
  const serviceNames = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const serverNames = [
    ...['127.0.0.1', '10.96.0.1', addressOf(cluster, 'fabric')].map((address) => `IP:${address}`),
    ...serviceNames.map((name) => `DNS:${name}`),
  ];
  const person = (file: string, subject: string): Identity => ({
    file,
    subject,
    alternativeNames: `DNS:${file}`,
  });
  return [
    { file: 'apiserver', subject: '/CN=kube-apiserver', alternativeNames: serverNames.join(',') },
    person('apiserver-to-kubelet', '/O=system:masters/CN=apiserver-kubelet'),
    person('controller-manager', '/CN=system:kube-controller-manager'),
    person('scheduler', '/CN=system:kube-scheduler'),
    person('kube-proxy', '/CN=system:kube-proxy'),
    person('admin', '/O=system:masters/CN=admin'),
    person('dev', '/O=devs/CN=dev'),
    person('viewer', '/CN=viewer'),
    person('deployer', '/CN=deployer'),
    { ...person('expired', '/O=system:masters/CN=expired'), days: -1 },
    ...NODES.map((node) => ({
      file: node,
      subject: `/O=system:nodes/CN=system:node:${node}`,
      alternativeNames: `DNS:${node},IP:${addressOf(cluster, node)}`,
    })),
  ];
}

/** Components that talk to the API server with a kubeconfig of their own. */
const COMPONENTS = ['controller-manager', 'scheduler', 'kube-proxy', ...NODES];

/** Makes every key, certificate and kubeconfig of the cluster. */
export async function createCredentials(cluster: Cluster): Promise<void> {
  const folder = keyFolder(cluster);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await Promise.all([
    createAuthority(folder, 'ca'),
    createAuthority(folder, 'foreign-ca'),
    createSigningKey(folder),
  ]);
  await Promise.all([
    ...identities(cluster).map((identity, index) => createCertificate(folder, 'ca', identity, index + 1)),
    createCertificate(
      folder,
      'foreign-ca',
      { file: 'stranger', subject: '/CN=stranger', alternativeNames: 'DNS:stranger' },
      1,
    ),
  ]);
  mkdirSync(join(cluster.folder, 'kubeconfig'), { mode: 0o700 });
  for (const user of [...COMPONENTS, ...USERS]) writeKubeconfig(cluster, user);
  for (const node of NODES) {
    const etc = join(nodeFolder(cluster, node), 'etc');
    mkdirSync(etc, { recursive: true });
    for (const kind of ['crt', 'key']) {
      copyFileSync(join(folder, `${node}.${kind}`), join(etc, `kubelet.${kind}`));
    }
  }
}

async function createAuthority(folder: string, name: string): Promise<void> {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`];
  await run('openssl', ['req', '-x509', ...EC_KEY, ...files, '-subj', `/CN=${name}`, '-days', '365'], {
    cwd: folder,
  });
}

/** Signs the tokens of service accounts. */
async function createSigningKey(folder: string): Promise<void> {
  await run(
    'openssl',
    ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'service-account.key'],
    { cwd: folder },
  );
}

async function createCertificate(
  folder: string,
  authority: string,
  identity: Identity,
  serial: number,
): Promise<void> {
  const { file, subject, alternativeNames, days = 365 } = identity;
  const cwd = { cwd: folder };
  await run(
    'openssl',
    ['req', ...EC_KEY, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', subject],
    cwd,
  );
  writeFileSync(join(folder, `${file}.ext`), `subjectAltName=${alternativeNames}\n`);
  const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-set_serial', `${serial}`];
  const output = ['-days', `${days}`, '-out', `${file}.crt`, '-extfile', `${file}.ext`];
  await run('openssl', ['x509', '-req', '-in', `${file}.csr`, ...signer, ...output], cwd);
}

function writeKubeconfig(cluster: Cluster, user: string): void {
  const folder = keyFolder(cluster);
  const data = (file: string) => readFileSync(join(folder, file)).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'local',
        cluster: {
          server: `https://${addressOf(cluster, 'fabric')}:6443`,
          'certificate-authority-data': data('ca.crt'),
        },
      },
    ],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': data(`${user}.crt`), 'client-key-data': data(`${user}.key`) },
      },
    ],
    contexts: [{ name: 'local', context: { cluster: 'local', user } }],
    'current-context': 'local',
  };
  // JSON is YAML.
  writeFileSync(kubeconfigOf(cluster, user), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

/** etcd, the API server, controller-manager and scheduler: processes in the fabric's namespace. */
import { join } from 'node:path';
import { createCgroup } from './cgroups.ts';
import {
  addressOf,
  controlPlaneCgroup,
  fabricNamespace,
  kubeconfigOf,
  outsideNamespace,
  POD_NETWORK,
  SERVICE_NETWORK,
} from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { keyFolder } from './credentials.ts';
import { startDaemon } from './daemon.ts';
import { tryKubectl } from './kubectl.ts';
import { poll } from './poll.ts';

const ETCD = 'http://127.0.0.1:2379';

function etcd(cluster: Cluster): string[] {
  return [
    'etcd',
    `--data-dir=${join(cluster.folder, 'etcd')}`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
  ];
}

function apiServer(cluster: Cluster): string[] {
  const address = addressOf(cluster, 'fabric');
  const key = (name: string) => join(keyFolder(cluster), name);
  return [
    'kube-apiserver',
    `--etcd-servers=${ETCD}`,
    '--secure-port=6443',
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--client-ca-file=${key('ca.crt')}`,
    `--tls-cert-file=${key('apiserver.crt')}`,
    `--tls-private-key-file=${key('apiserver.key')}`,
    `--service-account-key-file=${key('service-account.key')}`,
    `--service-account-signing-key-file=${key('service-account.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    `--kubelet-client-certificate=${key('apiserver-to-kubelet.crt')}`,
    `--kubelet-client-key=${key('apiserver-to-kubelet.key')}`,
    `--kubelet-certificate-authority=${key('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

function controllerManager(cluster: Cluster): string[] {
  return [
    'kube-controller-manager',
    `--kubeconfig=${kubeconfigOf(cluster, 'controller-manager')}`,
    '--bind-address=127.0.0.1',
    `--service-account-private-key-file=${join(keyFolder(cluster), 'service-account.key')}`,
    `--root-ca-file=${join(keyFolder(cluster), 'ca.crt')}`,
    `--cluster-cidr=${POD_NETWORK}`,
    '--allocate-node-cidrs=true',
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // At the default rate of requests the nodes get their pod networks four seconds later.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ];
}

function scheduler(cluster: Cluster): string[] {
  const kubeconfig = kubeconfigOf(cluster, 'scheduler');
  return ['kube-scheduler', `--kubeconfig=${kubeconfig}`, '--bind-address=127.0.0.1', '--leader-elect=false'];
}

/**
 * Starts the control plane, and the web server of the outside host.
 * @param kubernetes the binary that is all of Kubernetes' components
 */
export function startControlPlane(cluster: Cluster, kubernetes: string, outsideFolder: string): void {
  const cgroups = createCgroup(controlPlaneCgroup(cluster.id));
  const start = (name: string, namespace: string, argv: readonly string[]) =>
    startDaemon(['ip', 'netns', 'exec', namespace, ...argv], {
      cgroups,
      cwd: cluster.folder,
      log: join(cluster.folder, 'log', `${name}.log`),
    });
  const fabric = fabricNamespace(cluster.id);
  start('etcd', fabric, etcd(cluster));
  start('kube-apiserver', fabric, [kubernetes, ...apiServer(cluster)]);
  start('kube-controller-manager', fabric, [kubernetes, ...controllerManager(cluster)]);
  start('kube-scheduler', fabric, [kubernetes, ...scheduler(cluster)]);
  start('outside', outsideNamespace(cluster.id), ['busybox', 'httpd', '-f', '-p', '80', '-h', outsideFolder]);
}

export async function waitForApiServer(cluster: Cluster): Promise<void> {
  const ready = async () => (await tryKubectl(cluster, ['get', '--raw', '/readyz'])) !== undefined;
  await poll('the API server to be ready', ready, { timeout: 60_000, interval: 200 });
}

/** Configuration files of a node's containerd, kubelet and kube-proxy. YAML is written as JSON, which it contains. */
import { join } from 'node:path';
import { addressOf, DNS_ADDRESS, kubeconfigOf, POD_NETWORK } from '../cluster.ts';
import type { Cluster, NodeName } from '../cluster.ts';
import { keyFolder } from '../credentials.ts';
import { PAUSE_IMAGE } from '../images/names.ts';

/** restrict_oom_score_adj: without CAP_SYS_RESOURCE a negative score cannot be set. */
export const CONTAINERD_CONFIGURATION = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
`;

const yaml = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

export const kubeletConfiguration = (cluster: Cluster) =>
  yaml({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(keyFolder(cluster), 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    failSwapOn: false,
    resolvConf: '/etc/resolv.conf',
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    tlsCertFile: '/etc/kubelet.crt',
    tlsPrivateKeyFile: '/etc/kubelet.key',
    // The images come from no registry: one that was collected could not be pulled again.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
    nodeStatusUpdateFrequency: '4s',
  });

/** A network namespace cannot write nf_conntrack_max and its time-outs: zero keeps kube-proxy from trying. */
export const kubeProxyConfiguration = (cluster: Cluster, node: NodeName) =>
  yaml({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: cluster.proxyMode,
    clusterCIDR: POD_NETWORK,
    hostnameOverride: node,
    clientConnection: { kubeconfig: kubeconfigOf(cluster, 'kube-proxy') },
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });

export const kubeletArguments = (cluster: Cluster, node: NodeName) => [
  `--config=${join(cluster.folder, node, 'kubelet.yaml')}`,
  `--kubeconfig=${kubeconfigOf(cluster, node)}`,
  `--hostname-override=${node}`,
  `--node-ip=${addressOf(cluster, node)}`,
  '--v=1',
];

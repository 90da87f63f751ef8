/** Images that every node of the cluster has. None comes from a registry: they are made of files of this machine. */

export const PAUSE_IMAGE = 'localhost/pause:1';
/** busybox, curl, iperf3 and socat. */
export const TOOLS_IMAGE = 'localhost/tools:1';
export const COREDNS_IMAGE = 'localhost/coredns:1';
/** Node with busybox's sh and tar: what vethscope.agent.image may point to in tests. */
export const NODE_IMAGE = 'localhost/vethscope-node:24';
/** The extension's default image. The nodes have the image above under this name, so the default works here too. */
export const STOCK_NODE_IMAGE = 'docker.io/library/node:24-bookworm-slim';

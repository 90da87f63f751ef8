#!/bin/bash
# The first process of a node, in net, mount, pid, uts, ipc and cgroup namespaces of its own: builds the node's file
# system view, starts containerd, kubelet and kube-proxy, then becomes the process that reaps orphans.
# Arguments: kubelet's. Environment: NODE, NODE_FOLDER, NODE_ADDRESS, NAMESERVER, CLUSTER_FOLDER, KUBERNETES, REAPER,
# IMAGES (archives, one a line), PROXY_MODE (none: no kube-proxy).
set -eu

# Everything stays private until the view is complete: a tree bound from a shared mount and unmounted here would vanish
# for both, and kubelet then fails with "unable to find data in memory cache".
mount --make-rprivate /
hostname "$NODE"

# The node's own group is the root of its cgroup namespace. Mounted anew, each hierarchy shows only what is below it;
# with the machine's tree two kubelets would share /kubepods and each would remove the other's pods.
mount_cgroups() {
  local groups=$NODE_FOLDER/cgroup id controllers
  mkdir -p "$groups"
  if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 "$groups"
    delegate_controllers "$groups"
    return
  fi
  mount -t tmpfs -o mode=755 cgroup "$groups"
  while IFS=: read -r id controllers _; do
    case $id:$controllers in
      0:) mkdir -p "$groups/unified"; mount -t cgroup2 cgroup2 "$groups/unified" ;;
      *:name=*) mkdir -p "$groups/${controllers#name=}"; mount -t cgroup -o "none,$controllers" cgroup "$groups/${controllers#name=}" ;;
      *) mkdir -p "$groups/$controllers"; mount -t cgroup -o "$controllers" cgroup "$groups/$controllers" ;;
    esac
  done </proc/self/cgroup
}

# cgroup v2 alone: processes of the node's root group go to a child, else it cannot hand controllers on. The one outside
# this process namespace is moved by the starter, so try until it has.
delegate_controllers() {
  local pid try
  mkdir -p "$1/init"
  for try in $(seq 100); do
    while read -r pid; do [ "$pid" = 0 ] || echo "$pid" >"$1/init/cgroup.procs" || true; done <"$1/cgroup.procs"
    sed 's/\(^\| \)/ +/g' "$1/cgroup.controllers" >"$1/cgroup.subtree_control" 2>/dev/null && return
    sleep 0.1
  done
  echo "could not delegate the controllers $(cat "$1/cgroup.controllers")" >&2
  return 1
}

# A sysfs of this network namespace, so that /sys/class/net is the node's. Not over the machine's: two bpf file systems
# in /proc/mounts stop Cilium.
mount_sys() {
  umount -R -l /sys
  mount -t sysfs sysfs /sys
  mount --move "$NODE_FOLDER/cgroup" /sys/fs/cgroup
  mount -t bpf bpf /sys/fs/bpf
  mount -t tracefs tracefs /sys/kernel/tracing || echo "no tracefs: no tracepoints in pods of this node"
}

# Own /run, /var, /etc, /opt: nothing of the machine's is written.
mount_own_folders() {
  mount -t tmpfs -o mode=755 run /run
  mkdir -p /run/netns /run/lock
  ln -sfn /run "$NODE_FOLDER/var/run"
  mount --bind "$NODE_FOLDER/var" /var
  mount -t overlay -o "lowerdir=/etc,upperdir=$NODE_FOLDER/etc,workdir=$NODE_FOLDER/etc.work" overlay /etc
  mount --bind "$NODE_FOLDER/opt" /opt
  echo "$NODE" >/etc/hostname
  printf '127.0.0.1 localhost\n%s %s\n' "$NODE_ADDRESS" "$NODE" >/etc/hosts
  rm -f /etc/resolv.conf # a symbolic link into /run on some machines
  printf 'nameserver %s\n' "$NAMESERVER" >/etc/resolv.conf
  mkdir -p /etc/cni/net.d /etc/containerd
}

# kubelet wants these values and would set them for the whole kernel: it finds files that already hold them.
hide_kernel_sysctls() {
  local setting file
  mkdir -p "$NODE_FOLDER/sysctl"
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    file=$NODE_FOLDER/sysctl/$(tr / _ <<<"${setting%%=*}")
    echo "${setting##*=}" >"$file"
    mount --bind "$file" "/proc/sys/${setting%%=*}"
  done
}

# The unit that a program runs in on a node with systemd, as far as control groups of version 2 show it.
in_unit() {
  local groups=/sys/fs/cgroup
  [ -d $groups/unified ] && groups=$groups/unified
  mkdir -p "$groups/system.slice/$1.service"
  (echo $BASHPID >"$groups/system.slice/$1.service/cgroup.procs"; exec "${@:2}")
}

import_images() {
  local image
  for image in "$@"; do ctr -n k8s.io images import "$image"; done >>"$NODE_FOLDER/log/import.log" 2>&1
}

mount_cgroups
mount_sys
mount_own_folders
mount --make-rshared /
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
sysctl -qw net.bridge.bridge-nf-call-iptables=1 || echo "no br_netfilter: a pod cannot reach a Service whose backend is on its own node"
hide_kernel_sysctls

cp "$NODE_FOLDER/containerd.toml" /etc/containerd/config.toml
cd "$NODE_FOLDER"
in_unit containerd containerd -c /etc/containerd/config.toml >log/containerd.log 2>&1 &
for try in $(seq 200); do ctr version >/dev/null 2>&1 && break; sleep 0.05; done

mapfile -t images <<<"$IMAGES"
import_images "${images[0]}"
(import_images "${images[@]:1}"; touch images-imported) &

# A kubelet that finds no API server tries again only five seconds later.
until [ -e "$CLUSTER_FOLDER/api-server-ready" ]; do sleep 0.05; done
in_unit kubelet "$KUBERNETES" kubelet "$@" >log/kubelet.log 2>&1 &
if [ "$PROXY_MODE" != none ]; then
  in_unit kube-proxy "$KUBERNETES" kube-proxy --config="$NODE_FOLDER/kube-proxy.yaml" --v=1 >log/kube-proxy.log 2>&1 &
fi
exec "$REAPER"

/** A pod's container, as the kubelet and its runtime name its cgroup. */
export interface PodContainer {
  /** As in the API; of a static pod the hash of its manifest, which the API has as an annotation. */
  readonly podUid: string;
  /** Container id without the runtime's prefix, null for the pod's own cgroup. */
  readonly containerId: string | null;
}

/** A UUID, or the MD5 of a static pod's manifest; systemd allows no dash inside a slice's last part. */
const UID = '([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})';
/** cgroupfs driver: `kubepods`, below it `burstable` or `besteffort`. */
const POD_FOLDER = new RegExp(`^pod${UID}$`);
/** systemd driver: every slice repeats its parents' names, also those of kubelet's --cgroup-root. */
const POD_SLICE = new RegExp(`^(?:.+-)?kubepods(?:-burstable|-besteffort)?-pod${UID}\\.slice$`);
/** containerd, CRI-O and cri-dockerd; with the cgroupfs driver containerd and Docker use the bare id. */
const CONTAINER = /^(?:(?:cri-containerd|crio|docker|libpod)-)?([0-9a-f]{64})(?:\.scope)?$/;

/**
 * The pods that a cgroup path leads through, the outermost first: a node that itself runs in a pod (kind in a CI job)
 * has two. A group below a container's is that container.
 */
export function podsOfCgroupPath(path: string): PodContainer[] {
  const found: PodContainer[] = [];
  let below = false;
  let open: { podUid: string; containerId: string | null } | null = null;
  for (const segment of path.split('/')) {
    // A containerd that does not use systemd below a kubelet that does makes one folder `SLICE:cri-containerd:ID`.
    const [name = '', , id] = segment.split(':');
    const uid = POD_SLICE.exec(name)?.[1] ?? (below ? POD_FOLDER.exec(name)?.[1] : undefined);
    if (uid !== undefined) {
      open = { podUid: uid.replaceAll('_', '-'), containerId: id ?? null };
      found.push(open);
      below = false;
    } else if (/^(?:.+-)?kubepods(?:-burstable|-besteffort)?(?:\.slice)?$/.test(name)) {
      below = true;
      open = null;
    } else if (open !== null) {
      open.containerId ??= CONTAINER.exec(name)?.[1] ?? null;
      // Only the group right below the pod's is a container's.
      open = null;
    }
  }
  return found;
}

/** Finds pod and container in a cgroup path, the outermost where there are several, null for any other path. */
export function podOfCgroupPath(path: string): PodContainer | null {
  return podsOfCgroupPath(path)[0] ?? null;
}

/** Finds the pod in the text of /proc/PID/cgroup; the version 2 line comes last and is asked first. */
export function podOfCgroupFile(text: string): PodContainer | null {
  for (const line of text.trimEnd().split('\n').reverse()) {
    // The controllers' names are before the second colon, and a path may have colons of its own.
    const pod = podOfCgroupPath(line.replace(/^\d+:[^:]*:/, ''));
    if (pod !== null) return pod;
  }
  return null;
}

/** A pod's container, as the kubelet names its cgroup. */
export interface PodContainer {
  readonly podUid: string;
  /** Container id without the runtime's prefix, null for the pod's own cgroup. */
  readonly containerId: string | null;
}

/** `pod<UID>` with dashes (cgroupfs driver) or underscores and `.slice` (systemd driver). */
const POD =
  /(?:^|[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:\/([^/]+))?/;
const CONTAINER = /^(?:[a-z-]+-)?([0-9a-f]{64})(?:\.scope)?$/;

/** Finds pod and container in a cgroup path under /kubepods, null for any other path. */
export function podOfCgroupPath(path: string): PodContainer | null {
  if (!path.includes('kubepods')) return null;
  const match = POD.exec(path.slice(path.indexOf('kubepods')));
  const uid = match?.[1];
  if (uid === undefined) return null;
  return { podUid: uid.replaceAll('_', '-'), containerId: CONTAINER.exec(match?.[2] ?? '')?.[1] ?? null };
}

/** Finds the pod in the text of /proc/PID/cgroup; the version 2 line comes last and is asked first. */
export function podOfCgroupFile(text: string): PodContainer | null {
  for (const line of text.trimEnd().split('\n').reverse()) {
    const pod = podOfCgroupPath(line.slice(line.lastIndexOf(':') + 1));
    if (pod !== null) return pod;
  }
  return null;
}

/** Scopes that say when somebody logged in and not what runs there. */
const SESSION = /^(?:init|session-[^/]+)\.scope$/;
/** The manager of a user's own units. */
const USER_MANAGER = /^user@\d+\.service$/;

/**
 * The systemd unit that a cgroup belongs to, for example kubelet.service: the innermost service, else the innermost
 * scope that names something. Null where the path has none.
 */
export function unitOfCgroupPath(path: string): string | null {
  const segments = path.split('/');
  const unit =
    segments.findLast((segment) => segment.endsWith('.service') && !USER_MANAGER.test(segment)) ??
    segments.findLast((segment) => segment.endsWith('.scope') && !SESSION.test(segment));
  return unit === undefined ? null : unescape(unit);
}

/** systemd writes a byte that a unit's name may not have as \xNN (systemd.unit(5)). */
function unescape(unit: string): string {
  return unit.replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';

interface Requirement {
  /** A command to be found, or an absolute path that must exist. */
  needs: string;
  /** The Debian package that brings it; null where no package does. */
  package: string | null;
}

const requirements: Requirement[] = [
  { needs: 'clang', package: 'clang' },
  { needs: 'llvm-strip', package: 'llvm' },
  { needs: 'bpftool', package: 'bpftool' },
  { needs: 'g++', package: 'g++' },
  { needs: '/usr/include/bpf/libbpf.h', package: 'libbpf-dev' },
  { needs: '/usr/include/libmnl/libmnl.h', package: 'libmnl-dev' },
  { needs: '/usr/include/libelf.h', package: 'libelf-dev' },
  { needs: '/usr/include/zlib.h', package: 'zlib1g-dev' },
  { needs: '/sys/kernel/btf/vmlinux', package: null },
];

/** bpftool lives in sbin, which is not in every user's PATH. */
export const commandPath = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isThere(needs: string): boolean {
  if (path.isAbsolute(needs)) return existsSync(needs);
  return commandPath.some((folder) => isExecutable(path.join(folder, needs)));
}

/** What the native build lacks on this machine, with the command that brings it; null when nothing is missing. */
export function missingRequirements(): string | null {
  if (process.platform !== 'linux') return `The native build runs on Linux only, not on ${process.platform}.`;
  const missing = requirements.filter((requirement) => !isThere(requirement.needs));
  if (missing.length === 0) return null;
  const packages = missing.flatMap((requirement) => requirement.package ?? []);
  const lines = [`The native build lacks: ${missing.map((requirement) => requirement.needs).join(', ')}`];
  if (packages.length > 0) lines.push(`Bring it with: apt-get install -y ${packages.join(' ')}`);
  if (packages.length < missing.length) {
    lines.push('/sys/kernel/btf/vmlinux needs a kernel built with CONFIG_DEBUG_INFO_BTF');
  }
  return lines.join('\n');
}

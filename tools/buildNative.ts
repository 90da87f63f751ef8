/**
 * Builds the collector (bpf/) and the addon (agent/native/) into the agent's payload, and the bench's reference
 * programs into .cache/bench. Run from the project's root: node tools/buildNative.ts
 */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { missingRequirements } from './native/requirements.ts';
import { makeOnce, run } from './native/step.ts';

const payload = `dist/payload/linux-${process.arch}`;
const kernelTypes = '.cache/bpf/vmlinux.h';
const kernelBtf = '/sys/kernel/btf/vmlinux';
const benchPrograms = ['empty', 'bare_counter', 'packet_events', 'swallow'];
const bpfFlags = [
  '-g',
  '-O2',
  '-target',
  'bpf',
  '-mcpu=v3',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fno-strict-aliasing',
];

const addonSources = 'agent/native/src';
const addonFlags = [
  ...['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
  ...['-DNAPI_VERSION=9', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_GYP_MODULE_NAME=vethscope'],
  // A worker that ends while a drain or callback is under way cannot take its error any more.
  '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
  ...['-isystem', 'node_modules/node-addon-api', '-isystem', 'node_modules/node-api-headers/include'],
];
// libelf and zlib are libbpf's: named here too, so that RUNPATH, which is not inherited, finds them beside the addon.
const addonLibraries = ['-Wl,--no-as-needed', '-lbpf', '-lmnl', '-lelf', '-lz'];
const addonLinkFlags = [
  '-shared',
  '-s',
  '-static-libstdc++',
  '-static-libgcc',
  '-Wl,-rpath,$ORIGIN',
  '-Wl,--enable-new-dtags',
];
/** Part of every Debian 12 and of the agent's image. */
const systemLibraries = /^(linux-vdso|libc\.so|libm\.so|libpthread\.so|libdl\.so|ld-linux)/;

async function filesIn(folder: string, extension: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => path.join(folder, name));
}

function report(made: boolean, file: string): void {
  console.log(`${made ? 'built    ' : 'unchanged'} ${file}`);
}

async function makeKernelTypes(): Promise<void> {
  const made = await makeOnce({
    output: kernelTypes,
    inputs: [kernelBtf],
    settings: ['bpftool'],
    make: async (temporary) =>
      writeFile(temporary, await run('bpftool', 'btf', 'dump', 'file', kernelBtf, 'format', 'c')),
  });
  report(made, kernelTypes);
}

/** BTF stays, DWARF goes. */
async function makeBpfObject(
  source: string,
  headers: string[],
  output: string,
  ...moreFolders: readonly string[]
): Promise<void> {
  // Debian keeps asm/types.h, which linux/bpf.h wants, in the folder of the machine's own compiler.
  const machine = (await run('g++', '-dumpmachine')).toString().trim();
  const folders = ['.cache/bpf', 'bpf', ...moreFolders, `/usr/include/${machine}`].map(
    (folder) => `-I${folder}`,
  );
  const made = await makeOnce({
    output,
    inputs: [source, kernelTypes, ...headers],
    settings: [...bpfFlags, ...folders],
    make: async (temporary) => {
      await run('clang', ...bpfFlags, ...folders, '-c', source, '-o', temporary);
      await run('llvm-strip', '-g', temporary);
    },
  });
  report(made, output);
}

async function compile(source: string, headers: string[]): Promise<string> {
  const output = path.join('.cache/native', `${path.basename(source)}.o`);
  const made = await makeOnce({
    output,
    inputs: [source, ...headers, 'node_modules/node-addon-api/package.json'],
    settings: addonFlags,
    make: async (temporary) => {
      await run('g++', ...addonFlags, '-c', source, '-o', temporary);
    },
  });
  if (made) report(made, output);
  return output;
}

async function makeAddon(): Promise<void> {
  const headers = [...(await filesIn(addonSources, '.h')), 'bpf/flow.h', 'bpf/lease.h', 'bpf/drops.h'];
  const waiting = await filesIn(addonSources, '.cc');
  const objects: string[] = [];
  const compileNext = async (): Promise<void> => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      objects.push(await compile(source, headers));
    }
  };
  await Promise.all([compileNext(), compileNext()]);
  objects.sort();

  const output = path.join(payload, 'vethscope.node');
  const made = await makeOnce({
    output,
    inputs: objects,
    settings: [...addonLinkFlags, ...addonLibraries],
    make: async (temporary) => {
      await run('g++', ...addonLinkFlags, '-o', temporary, ...objects, ...addonLibraries);
    },
  });
  report(made, output);
  await copyLibraries(output);
}

/** The shared libraries that the addon was linked with, under the names it asks for. */
async function copyLibraries(addon: string): Promise<void> {
  const listing = (await run('ldd', addon)).toString();
  for (const line of listing.split('\n')) {
    const found = /^\s*(\S+) => (\S+)/.exec(line);
    if (!found) continue;
    const [, name = '', file = ''] = found;
    if (systemLibraries.test(name) || path.resolve(path.dirname(file)) === path.resolve(payload)) continue;
    const output = path.join(payload, name);
    const made = await makeOnce({
      output,
      inputs: [file],
      settings: [],
      make: async (temporary) => copyFile(file, temporary),
    });
    report(made, output);
  }
}

const missing = missingRequirements();
if (missing !== null) {
  console.error(missing);
  process.exit(1);
}
await makeKernelTypes();
for (const name of ['collector', 'drops']) {
  await makeBpfObject(`bpf/${name}.bpf.c`, await filesIn('bpf', '.h'), path.join(payload, `${name}.bpf.o`));
}
for (const name of benchPrograms) {
  const headers = await filesIn('test/bench/programs', '.h');
  await makeBpfObject(`test/bench/programs/${name}.bpf.c`, headers, `.cache/bench/${name}.o`);
}
const fuzzPrograms = 'test/fuzz/programs';
await makeBpfObject(
  `${fuzzPrograms}/parse_only.bpf.c`,
  [...(await filesIn('bpf', '.h')), ...(await filesIn(fuzzPrograms, '.h'))],
  '.cache/fuzz/parse_only.o',
  fuzzPrograms,
);
await makeAddon();

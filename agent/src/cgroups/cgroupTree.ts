import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unlessCode } from '../failure.ts';
import { podsOfCgroupPath } from './podCgroup.ts';

/** Groups that are looked at in one walk; nodes have hundreds. */
const MOST_GROUPS = 50_000;
/** Paths that are remembered; those of groups that are gone go first. */
const MOST_PATHS = 100_000;
/** A walk comes no sooner than this after the last one, milliseconds. */
const SHORTEST_PAUSE = 250;
/** Share of time that walks may take at most. */
const PAUSE_PER_WALK = 30;
/** What goes away, or may not be read, while the tree is walked. */
const PASSING = new Set(['ENOENT', 'ENODEV', 'ENOTDIR', 'EACCES', 'EPERM']);

/**
 * The node's own cgroups by id, which is the inode number of a group's folder and given to no other group until the
 * next boot. What was found once stays known when the group is gone. An id that is not here is not of this node: several
 * nodes may share a kernel.
 */
export class CgroupTree {
  readonly #mount: string | null;
  readonly #paths = new Map<number, string>();
  #alive = new Set<number>();
  /** Uids of the pods of #alive; null until somebody asks. */
  #pods: Set<string> | null = null;
  readonly #wanted = new Set<number>();
  /** Ids that a walk did not find: of another node, or gone before anybody looked. They never will be found. */
  readonly #strangers = new Set<number>();
  #version = 0;
  #nextWalk = 0;

  /** @param mount folder of the tree's root, null where it cannot be read (findCgroupMount) */
  constructor(mount: string | null) {
    this.#mount = mount;
    this.#walk();
  }

  /** Grows with every walk that somebody asked for. */
  get version(): number {
    return this.#version;
  }

  /** Whether an id that is not known now may be after the next walk. */
  mayLearn(id: number): boolean {
    return this.#mount !== null && !this.#paths.has(id) && !this.#strangers.has(id);
  }

  /** Path below the root, `/` for the root itself; undefined for a group that is not known, which asks for a walk. */
  path(id: number): string | undefined {
    const path = this.#paths.get(id);
    if (path === undefined && id > 0 && !this.#strangers.has(id)) this.#wanted.add(id);
    return path;
  }

  /** Walks the tree again where an unknown group was asked for and the last walk is long enough ago. */
  refresh(now: number): void {
    if (now >= this.#nextWalk) this.refreshNow(now);
  }

  /** The same, however long ago the last walk is. */
  refreshNow(now: number): void {
    if (this.#wanted.size === 0) return;
    const began = performance.now();
    this.#walk();
    if (this.#strangers.size > MOST_PATHS) this.#strangers.clear();
    for (const id of this.#wanted) if (!this.#paths.has(id)) this.#strangers.add(id);
    this.#wanted.clear();
    this.#version += 1;
    this.#nextWalk = now + Math.max(SHORTEST_PAUSE, (performance.now() - began) * PAUSE_PER_WALK);
  }

  /** Whether a pod had groups when the tree was last walked. @param uid as its node has it */
  hasPod(uid: string): boolean {
    this.#pods ??= new Set(
      [...this.#alive].flatMap((id) =>
        podsOfCgroupPath(this.#paths.get(id) ?? '').map(({ podUid }) => podUid),
      ),
    );
    return this.#pods.has(uid);
  }

  /** Processes of a group; none when it is gone. */
  processes(id: number): number[] {
    const path = this.#paths.get(id);
    if (this.#mount === null || path === undefined) return [];
    const text =
      unlessCode(PASSING, () => readFileSync(join(this.#mount ?? '', path, 'cgroup.procs'), 'utf8')) ?? '';
    // 0 stands for a process of another process namespace.
    return text
      .split('\n')
      .map(Number)
      .filter((pid) => pid > 0);
  }

  #walk(): void {
    if (this.#mount === null) return;
    this.#alive = new Set();
    this.#pods = null;
    const folders = ['/'];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const path = join(this.#mount, folder);
      const id = unlessCode(PASSING, () => statSync(path).ino);
      if (id === undefined) continue;
      this.#alive.add(id);
      this.#paths.set(id, folder);
      if (this.#alive.size >= MOST_GROUPS) break;
      for (const entry of unlessCode(PASSING, () => readdirSync(path, { withFileTypes: true })) ?? []) {
        if (entry.isDirectory()) folders.push(join(folder, entry.name));
      }
    }
    this.#forget();
  }

  #forget(): void {
    for (const id of this.#paths.keys()) {
      if (this.#paths.size <= MOST_PATHS) return;
      if (!this.#alive.has(id)) this.#paths.delete(id);
    }
  }
}

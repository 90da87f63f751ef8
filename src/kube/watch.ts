import { Backoff, type BackoffOptions } from './backoff.ts';
import type { ApiClient, Query } from './client.ts';
import { KubeError, isKubeError, accessText } from './errors.ts';
import { jsonLines } from './jsonLines.ts';
import { networkError } from './networkErrors.ts';
import { accessTo, type ResourcePath } from './resources.ts';
import { statusError, type Status } from './statusErrors.ts';

/** The metadata that a watch itself needs. */
export interface WatchedObject {
  readonly metadata: {
    readonly uid: string;
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly resourceVersion: string;
  };
}

/** One change, or one whole list as the difference to what was known. */
export interface WatchChange<T> {
  readonly upserts: readonly T[];
  readonly deletedUids: readonly string[];
}

export interface WatchOptions<T> {
  readonly client: ApiClient;
  readonly path: ResourcePath;
  /** labelSelector, fieldSelector. */
  readonly query?: Query;
  readonly signal: AbortSignal;
  /** Called in order; with an empty change after a first list that is empty. */
  readonly onChange: (change: WatchChange<T>) => void;
  /** Every failure, then null when lists and watches work again. The watch goes on in each case. */
  readonly onProblem: (error: KubeError | null) => void;
  readonly backoff?: BackoffOptions;
  /** After a refusal: permissions rarely come back soon. */
  readonly forbiddenMilliseconds?: number;
  /** Objects a page of a list. */
  readonly pageSize?: number;
  /** The server ends a watch after this long; the next goes on where it ended. */
  readonly watchSeconds?: number;
  readonly random?: () => number;
}

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string | undefined };
  readonly items?: readonly WatchedObject[] | null;
}

interface WatchEvent {
  readonly type: string;
  readonly object: WatchedObject & Status;
}

/** resourceVersion is gone from the server's history: only a new list helps. */
class ResourceExpired extends Error {}

const DEFAULT_BACKOFF: BackoffOptions = { firstMilliseconds: 500, maximumMilliseconds: 30_000 };

/**
 * Lists, then watches, until the signal ends: the whole state of a resource kept by uid, so that an object deleted and
 * made again under its name is a deletion and an addition. Every failure is reported and tried again with a growing wait.
 */
export async function watchResource<T extends WatchedObject>(options: WatchOptions<T>): Promise<void> {
  const { signal } = options;
  const watch = new ResourceWatch(options);
  // Read through a function: the signal changes while we wait.
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    try {
      await watch.step();
    } catch (error) {
      if (ended()) return;
      await watch.recover(error);
    }
  }
}

class ResourceWatch<T extends WatchedObject> {
  readonly #options: WatchOptions<T>;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  /** uid to resourceVersion and the name it is found by. */
  readonly #known = new Map<string, { readonly version: string; readonly name: string }>();
  readonly #uidByName = new Map<string, string>();
  /** Where the next watch goes on; null asks for a list. */
  #version: string | null = null;
  #failed = false;
  /** Expired places in a row, without an event between them. */
  #expired = 0;

  constructor(options: WatchOptions<T>) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(options.backoff ?? DEFAULT_BACKOFF, this.#random);
  }

  /** One list if there is nothing to go on from, then one watch to its end. */
  async step(): Promise<void> {
    if (this.#version === null) {
      this.#version = await this.#list();
    }
    await this.#watch(this.#version);
  }

  async recover(error: unknown): Promise<void> {
    if (error instanceof ResourceExpired || isExpired(error)) {
      this.#version = null;
      // Once at no cost; a server that says so to every watch is asked with growing waits.
      if (this.#expired++ > 0) await sleep(this.#backoff.nextMilliseconds(), this.#options.signal);
      return;
    }
    const problem = this.#describe(error);
    this.#failed = true;
    this.#options.onProblem(problem);
    const forbidden = isKubeError(problem, 'forbidden');
    // After these the place in the history may be wrong too; a connection that broke goes on where it was.
    if (!isKubeError(problem, 'unreachable', 'timeout')) this.#version = null;
    const wait = forbidden
      ? (this.#options.forbiddenMilliseconds ?? 60_000) * (1 + this.#random() / 2)
      : this.#backoff.nextMilliseconds();
    await sleep(wait, this.#options.signal);
  }

  #recovered(): void {
    if (this.#failed) this.#options.onProblem(null);
    this.#failed = false;
  }

  async #list(): Promise<string> {
    const { client, path, query, signal } = this.#options;
    const objects: WatchedObject[] = [];
    let token: string | undefined;
    let limit: number | undefined = this.#options.pageSize ?? 500;
    for (;;) {
      let page: List;
      try {
        page = await client.list<List>(path, { query: { ...query, limit, continue: token }, signal });
      } catch (error) {
        // The snapshot of the pages expired on the way: once more, in one piece.
        if (!isExpired(error) || token === undefined) throw error;
        objects.length = 0;
        token = undefined;
        limit = undefined;
        continue;
      }
      for (const item of page.items ?? []) objects.push(item);
      token = page.metadata.continue === '' ? undefined : page.metadata.continue;
      if (token === undefined) {
        this.#replace(objects);
        return page.metadata.resourceVersion;
      }
    }
  }

  /** Brings what is known to a whole list: what is not in it was deleted while nobody watched. */
  #replace(objects: readonly WatchedObject[]): void {
    const present = new Set(objects.map((object) => object.metadata.uid));
    const deletedUids = [...this.#known.keys()].filter((uid) => !present.has(uid));
    for (const uid of deletedUids) this.#forget(uid);
    const upserts: T[] = [];
    for (const object of objects) {
      if (this.#known.get(object.metadata.uid)?.version === object.metadata.resourceVersion) continue;
      this.#remember(object);
      upserts.push(object as T);
    }
    this.#options.onChange({ upserts, deletedUids });
  }

  async #watch(version: string): Promise<void> {
    const { client, path, query, signal } = this.#options;
    const seconds = this.#options.watchSeconds ?? 290;
    const timeoutSeconds = Math.round(seconds * (1 + this.#random()));
    const started = Date.now();
    const answer = await client.watch(
      path,
      { ...query, resourceVersion: version, allowWatchBookmarks: true, timeoutSeconds },
      signal,
    );
    this.#recovered();
    // The server ends the watch itself; one that outlives its time is a connection nobody answers on.
    const overdue = setTimeout(
      () => answer.destroy(new DOMException('The watch did not end in time', 'TimeoutError')),
      (timeoutSeconds + 30) * 1000,
    );
    let events = 0;
    try {
      for await (const value of jsonLines(answer)) {
        this.#apply(value as WatchEvent);
        // Not before: a server whose lists work and whose watches fail is asked with growing waits too.
        if (events++ === 0) this.#backoff.reset();
      }
    } finally {
      clearTimeout(overdue);
      answer.destroy();
    }
    // A server that ends every watch at once would be asked without pause.
    if (Date.now() - started >= 1000) this.#backoff.reset();
    else if (events === 0) await sleep(this.#backoff.nextMilliseconds(), signal);
  }

  #apply(event: WatchEvent): void {
    const { type, object } = event;
    if (type === 'ERROR') {
      if (object.code === 410) throw new ResourceExpired();
      const { client, path } = this.#options;
      throw statusError(object, client.where, accessTo('watch', path));
    }
    const { uid, name, namespace, resourceVersion } = object.metadata;
    this.#version = resourceVersion;
    this.#expired = 0;
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') {
      this.#forget(uid);
      this.#options.onChange({ upserts: [], deletedUids: [uid] });
      return;
    }
    const former = this.#uidByName.get(fullName(namespace, name));
    const replaced = former !== undefined && former !== uid ? [former] : [];
    for (const old of replaced) this.#forget(old);
    this.#remember(object);
    this.#options.onChange({ upserts: [object as unknown as T], deletedUids: replaced });
  }

  #remember(object: WatchedObject): void {
    const { uid, name, namespace, resourceVersion } = object.metadata;
    const full = fullName(namespace, name);
    this.#known.set(uid, { version: resourceVersion, name: full });
    this.#uidByName.set(full, uid);
  }

  #forget(uid: string): void {
    const known = this.#known.get(uid);
    if (known === undefined) return;
    this.#known.delete(uid);
    if (this.#uidByName.get(known.name) === uid) this.#uidByName.delete(known.name);
  }

  #describe(error: unknown): KubeError {
    if (error instanceof KubeError) return error;
    const { client, path } = this.#options;
    if (error instanceof SyntaxError || error instanceof TypeError) {
      return new KubeError(
        {
          kind: 'server',
          what: `The answer to ${accessText(accessTo('watch', path))} cannot be read`,
          where: client.where,
          why: error.message,
          next: 'It is asked for again by itself; look at a proxy between here and the API server if this stays.',
        },
        { cause: error },
      );
    }
    return networkError(error, client.where);
  }
}

const fullName = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/** HTTP 410 on a list arrives as an ordinary failed answer. */
const isExpired = (error: unknown): boolean =>
  error instanceof KubeError && (error.cause as Status | undefined)?.code === 410;

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

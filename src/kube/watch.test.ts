import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import type { KubeError } from './errors.ts';
import { ScriptedApiServer, forbidden, sendJson } from './testing/apiServer.ts';
import { watchResource, type WatchOptions, type WatchedObject } from './watch.ts';

const object = (name: string, uid: string, resourceVersion: string): WatchedObject => ({
  metadata: { name, namespace: 'shop', uid, resourceVersion },
});
const event = (type: string, value: object): string => `${JSON.stringify({ type, object: value })}\n`;
const list = (version: string, items: readonly object[], next = ''): object => ({
  metadata: { resourceVersion: version, continue: next },
  items,
});

describe('watch', () => {
  let server: ScriptedApiServer;
  let stop: AbortController;
  let seen: string[];
  let problems: (KubeError | null)[];
  let running: Promise<void>;
  /** What each list and each watch is answered with, in order; the last one again and again. */
  let lists: ((response: ServerResponse, query: URLSearchParams) => void)[];
  let watches: ((response: ServerResponse, query: URLSearchParams) => void)[];
  let watched: URLSearchParams[];

  beforeEach(async () => {
    server = await ScriptedApiServer.start();
    stop = new AbortController();
    seen = [];
    problems = [];
    running = Promise.resolve();
    watched = [];
    server.answer = (_request, response, url) => {
      const isWatch = url.searchParams.get('watch') === 'true';
      if (isWatch) watched.push(url.searchParams);
      const queue = isWatch ? watches : lists;
      const answer = queue.length > 1 ? queue.shift() : queue[0];
      answer?.(response, url.searchParams);
    };
    watches = [(response) => response.writeHead(200).flushHeaders()];
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await server.close();
  });

  const start = (options: Partial<WatchOptions<WatchedObject>> = {}): void => {
    running = watchResource<WatchedObject>({
      client: server.client(),
      path: { resource: 'pods' },
      signal: stop.signal,
      backoff: { firstMilliseconds: 10, maximumMilliseconds: 40 },
      random: () => 0,
      onChange: ({ upserts, deletedUids }) => {
        seen.push(
          [...upserts.map(({ metadata }) => `+${metadata.uid}`), ...deletedUids.map((uid) => `-${uid}`)].join(
            ' ',
          ),
        );
      },
      onProblem: (error) => problems.push(error),
      ...options,
    });
  };
  const until = async (condition: () => boolean): Promise<void> => {
    const deadline = Date.now() + 3000;
    while (!condition()) {
      assert(Date.now() < deadline, `still waiting; seen ${JSON.stringify(seen)}`);
      await delay(5);
    }
  };
  const events =
    (...lines: string[]) =>
    (response: ServerResponse): void => {
      response.writeHead(200);
      response.write(lines.join(''));
    };

  it('lists page by page, then watches from there with bookmarks and a time-out', async () => {
    lists = [
      (response) => sendJson(response, 200, list('7', [object('a', 'A', '1')], 'more')),
      (response, query) => {
        assert.equal(query.get('continue'), 'more');
        sendJson(response, 200, list('7', [object('b', 'B', '2')]));
      },
    ];
    watches = [events(event('ADDED', object('c', 'C', '8')))];
    start({ pageSize: 1, watchSeconds: 100 });
    await until(() => seen.length === 2);
    assert.deepEqual(seen, ['+A +B', '+C']);
    assert.equal(watched[0]?.get('resourceVersion'), '7');
    assert.equal(watched[0].get('allowWatchBookmarks'), 'true');
    assert.equal(watched[0].get('timeoutSeconds'), '100');
    assert.equal(server.requests[0]?.query.get('limit'), '1');
  });

  it('goes on from the last bookmark when the server ends a watch', async () => {
    lists = [(response) => sendJson(response, 200, list('1', []))];
    watches = [
      (response) => {
        response.writeHead(200);
        response.end(event('BOOKMARK', { metadata: { resourceVersion: '500' } }));
      },
      events(event('MODIFIED', object('a', 'A', '501'))),
    ];
    start();
    await until(() => seen.length === 2);
    assert.deepEqual(
      watched.map((query) => query.get('resourceVersion')),
      ['1', '500'],
    );
    assert.equal(server.requests.length, 3);
    assert.deepEqual(problems, []);
  });

  it('lists again after 410, as an event or as an answer, and tells only the difference', async () => {
    const kept = object('kept', 'K', '1');
    lists = [
      (response) =>
        sendJson(response, 200, list('1', [kept, object('old', 'O', '2'), object('new', 'N', '3')])),
      (response) => sendJson(response, 200, list('9', [kept, object('new', 'N', '4')])),
      (response) => sendJson(response, 200, list('10', [kept])),
    ];
    watches = [
      events(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })),
      (response) => sendJson(response, 410, { kind: 'Status', code: 410, reason: 'Expired' }),
      (response) => response.writeHead(200).flushHeaders(),
    ];
    start();
    await until(() => seen.length === 3);
    assert.deepEqual(seen, ['+K +O +N', '+N -O', '-N']);
    assert.deepEqual(problems, []);
  });

  it('lists in one piece when the pages expire on the way', async () => {
    lists = [
      (response) => sendJson(response, 200, list('1', [object('a', 'A', '1')], 'more')),
      (response) => sendJson(response, 410, { kind: 'Status', code: 410 }),
      (response, query) => {
        assert.equal(query.get('continue'), null);
        assert.equal(query.get('limit'), null);
        sendJson(response, 200, list('2', [object('b', 'B', '2')]));
      },
    ];
    start({ pageSize: 1 });
    await until(() => seen.length === 1);
    assert.deepEqual(seen, ['+B']);
  });

  it('knows an object made again under its name as another one', async () => {
    lists = [(response) => sendJson(response, 200, list('1', [object('web', 'first', '1')]))];
    watches = [
      events(
        event('DELETED', object('web', 'first', '2')),
        event('ADDED', object('web', 'second', '3')),
        // The deletion between these two was missed.
        event('ADDED', object('web', 'third', '5')),
      ),
    ];
    start();
    await until(() => seen.length === 4);
    assert.deepEqual(seen, ['+first', '-first', '+second', '+third -second']);
  });

  it('goes on after a broken connection where it was, and reports both', async () => {
    lists = [(response) => sendJson(response, 200, list('1', []))];
    watches = [
      (response) => {
        events(event('ADDED', object('a', 'A', '5')))(response);
        setTimeout(() => response.destroy(), 20);
      },
      events(event('ADDED', object('b', 'B', '6'))),
    ];
    start();
    await until(() => seen.length === 3);
    assert.equal(watched[1]?.get('resourceVersion'), '5');
    assert.equal(problems.length, 2);
    assert.equal(problems[0]?.problem.kind, 'unreachable');
    assert.equal(problems[1], null);
  });

  it('surfaces a line that is not JSON and starts over', async () => {
    lists = [(response) => sendJson(response, 200, list('1', [object('a', 'A', '1')]))];
    watches = [events('{"type":"ADDED","object":{garbage\n'), events(event('ADDED', object('b', 'B', '6')))];
    start();
    await until(() => seen.length === 3);
    assert.match(problems[0]?.message ?? '', /cannot be read/);
    assert.deepEqual(seen, ['+A', '', '+B']);
  });

  it('goes on through every kind of failure with growing waits', async () => {
    const failures: ((response: ServerResponse) => void)[] = [
      (response) => sendJson(response, 500, { kind: 'Status', code: 500, message: 'etcd' }),
      (response) => sendJson(response, 503, {}),
      (response) => response.destroy(),
      (response) => response.end('not JSON'),
      (response) => sendJson(response, 401, {}),
    ];
    lists = [...failures, (response) => sendJson(response, 200, list('1', [object('a', 'A', '1')]))];
    start();
    // The all-clear comes with the watch that follows the list.
    await until(() => seen.length === 1 && problems.at(-1) === null);
    assert.deepEqual(
      problems.map((problem) => problem?.problem.kind ?? null),
      ['server', 'server', 'unreachable', 'server', 'unauthenticated', null],
    );
  });

  it('waits long after a refusal, and works when the role is there', async () => {
    lists = [
      (response) => sendJson(response, 403, forbidden('list', 'pods', 'shop')),
      (response) => sendJson(response, 200, list('1', [])),
    ];
    start({ forbiddenMilliseconds: 150 });
    await until(() => problems.length === 1);
    assert.match(problems[0]?.message ?? '', /may not list pods/);
    await delay(80);
    assert.equal(server.requests.length, 1);
    await until(() => seen.length === 1 && problems.length === 2);
    assert.equal(problems[1], null);
  });

  it('does not ask a server without pause that ends every watch at once', async () => {
    lists = [(response) => sendJson(response, 200, list('1', []))];
    watches = [(response) => response.writeHead(200).end()];
    start();
    await delay(300);
    // 10 + 20 + 40 + 40 ... milliseconds.
    assert(watched.length <= 9, `${watched.length} watches`);
    assert(watched.length >= 3);
  });

  it('ends with its signal, also in the middle of a watch or a wait', async () => {
    lists = [(response) => sendJson(response, 200, list('1', []))];
    start();
    await until(() => watched.length === 1);
    stop.abort();
    await running;
    assert.deepEqual(problems, []);
  });

  it('reads objects that arrive in pieces, cut inside a character', async () => {
    lists = [(response) => sendJson(response, 200, list('1', []))];
    const bytes = Buffer.from(event('ADDED', { ...object('a', 'A', '2'), note: 'ü€😀' }));
    watches = [
      (response) => {
        response.writeHead(200);
        const write = (at: number): void => {
          if (at >= bytes.length) return;
          response.write(bytes.subarray(at, at + 1));
          setImmediate(() => write(at + 1));
        };
        write(0);
      },
    ];
    start();
    await until(() => seen.length === 2);
    assert.deepEqual([seen, problems], [['', '+A'], []]);
  });
});

describe('back-off', () => {
  it('doubles up to its maximum, with up to half more at random, and starts again after a success', () => {
    const low = new Backoff({ firstMilliseconds: 100, maximumMilliseconds: 500 }, () => 0);
    const waits = [1, 2, 3, 4, 5].map(() => low.nextMilliseconds());
    assert.deepEqual(waits, [100, 200, 400, 500, 500]);
    low.reset();
    assert.equal(low.nextMilliseconds(), 100);
    const high = new Backoff({ firstMilliseconds: 100, maximumMilliseconds: 500 }, () => 1);
    assert.equal(high.nextMilliseconds(), 150);
  });
});

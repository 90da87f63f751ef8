import { LineCounter, isMap, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { KubeError } from './errors.ts';

export interface NamedEntry {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** One file as written: nothing resolved, nothing merged. */
export interface ParsedKubeconfig {
  readonly currentContext: string;
  readonly contexts: readonly NamedEntry[];
  readonly clusters: readonly NamedEntry[];
  readonly users: readonly NamedEntry[];
}

const NEXT = 'Correct the file, or choose another in the setting vethscope.kubeconfig.';

/** Fields that must be of a type when present; kubectl refuses the file otherwise. */
const FIELD_TYPES: Readonly<Record<string, Readonly<Record<string, 'string' | 'boolean' | 'object'>>>> = {
  cluster: {
    server: 'string',
    'certificate-authority': 'string',
    'certificate-authority-data': 'string',
    'insecure-skip-tls-verify': 'boolean',
    'tls-server-name': 'string',
    'proxy-url': 'string',
  },
  user: {
    'client-certificate': 'string',
    'client-certificate-data': 'string',
    'client-key': 'string',
    'client-key-data': 'string',
    token: 'string',
    tokenFile: 'string',
    username: 'string',
    password: 'string',
    as: 'string',
    exec: 'object',
    'auth-provider': 'object',
  },
  context: { cluster: 'string', user: 'string', namespace: 'string' },
};

/**
 * Parses one kubeconfig with the rules of the parser that kubectl uses (YAML 1.1: `n` is a boolean).
 * @throws KubeError of kind `kubeconfig` with file, line and column
 */
export function parseKubeconfig(text: string, file: string): ParsedKubeconfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.1', lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault !== undefined) {
    throw fileError('The kubeconfig is not valid YAML', file, lines, fault.pos[0], fault.message);
  }
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return { currentContext: '', contexts: [], clusters: [], users: [] };
  }
  if (!isMap(root)) {
    throw fileError('The file is not a kubeconfig', file, lines, 0, 'it does not hold a mapping');
  }
  const currentContext: unknown = root.get('current-context');
  return {
    currentContext: typeof currentContext === 'string' ? currentContext : '',
    contexts: entries(document, 'contexts', 'context', file, lines),
    clusters: entries(document, 'clusters', 'cluster', file, lines),
    users: entries(document, 'users', 'user', file, lines),
  };
}

function entries(
  document: Document,
  list: string,
  field: string,
  file: string,
  lines: LineCounter,
): readonly NamedEntry[] {
  const sequence = document.get(list, true);
  if (sequence === undefined || sequence === null || (isScalar(sequence) && sequence.value === null)) {
    return [];
  }
  if (!isSeq(sequence)) {
    throw fileError(
      `"${list}" is not a list`,
      file,
      lines,
      offsetOf(sequence),
      'every entry starts with a dash',
    );
  }
  const found = new Map<string, { offset: number; entry: NamedEntry }>();
  for (const item of sequence.items) {
    const offset = offsetOf(item);
    if (!isMap(item)) {
      throw fileError(`An entry of "${list}" is not a mapping`, file, lines, offset, '"name" is missing');
    }
    const name: unknown = item.get('name');
    if (typeof name !== 'string') {
      throw fileError(`An entry of "${list}" has no name`, file, lines, offset, '"name" has to be a string');
    }
    const earlier = found.get(name);
    if (earlier !== undefined) {
      const line = lines.linePos(earlier.offset).line;
      throw fileError(
        `The ${field} "${name}" is defined twice`,
        file,
        lines,
        offset,
        `line ${line} defines it too, and kubectl refuses such a file`,
      );
    }
    const node = item.get(field, true);
    const value: unknown = isMap(node) ? node.toJS(document) : {};
    checkTypes(value as Readonly<Record<string, unknown>>, field, name, file, lines, offsetOf(node ?? item));
    found.set(name, { offset, entry: { name, value: value as Readonly<Record<string, unknown>> } });
  }
  return [...found.values()].map(({ entry }) => entry);
}

function checkTypes(
  value: Readonly<Record<string, unknown>>,
  field: string,
  name: string,
  file: string,
  lines: LineCounter,
  offset: number,
): void {
  for (const [key, type] of Object.entries(FIELD_TYPES[field] ?? {})) {
    const actual = value[key];
    if (actual === undefined || actual === null) continue;
    if (typeof actual !== type) {
      // The value itself is not shown: it may be a credential.
      const why = `"${key}" has to be a ${type === 'object' ? 'mapping' : type}, not a ${typeof actual}`;
      throw fileError(`The ${field} "${name}" is not valid`, file, lines, offset, why);
    }
  }
}

function offsetOf(node: unknown): number {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
  const start: unknown = Array.isArray(range) ? range[0] : 0;
  return typeof start === 'number' ? start : 0;
}

function fileError(what: string, file: string, lines: LineCounter, offset: number, why: string): KubeError {
  const { line, col } = lines.linePos(offset);
  return new KubeError({ kind: 'kubeconfig', what, where: `${file}:${line}:${col}`, why, next: NEXT });
}

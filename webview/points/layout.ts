import type { Bystander, FlowPath, PathInterface, PathPoint } from '../../src/model/path/flowPath.ts';

/** An interface of the path, with what passes it each way. */
export interface Column extends PathInterface {
  readonly key: string;
  readonly request: readonly PathPoint[];
  readonly reply: readonly PathPoint[];
  /** Set where nothing of the conversation passes. */
  readonly bystander: Bystander | null;
}

/** Interfaces of one namespace that stand side by side. */
export interface Group {
  readonly key: string;
  readonly node: string;
  readonly netns: number;
  /** `namespace/name` of the pod, null for the node's own namespace. */
  readonly pod: string | null;
  readonly columns: readonly Column[];
}

/** The path from left to right as the request goes; the reply goes back through the same interfaces, or others. */
export function groupsOf({ request, reply, bystanders }: FlowPath): Group[] {
  const order = mergeOrder(keysOf(request.points), keysOf([...reply.points].reverse()));
  const points = [...request.points, ...reply.points];
  const columns = order.flatMap((key): Column[] => {
    const at = points.find((point) => keyOf(point) === key);
    if (at === undefined) return [];
    return [
      {
        ...placeOf(at),
        key,
        request: request.points.filter((point) => keyOf(point) === key),
        reply: reply.points.filter((point) => keyOf(point) === key),
        bystander: null,
      },
    ];
  });
  return addBystanders(grouped(columns), bystanders);
}

const keyOf = ({ node, netns, ifindex }: PathInterface): string => `${node}/${netns}/${ifindex}`;

function keysOf(points: readonly PathPoint[]): string[] {
  return [...new Set(points.map(keyOf))];
}

/** Both orders in one: what only the second has comes before its successor there. */
function mergeOrder(first: readonly string[], second: readonly string[]): string[] {
  const merged = [...first];
  for (const [index, key] of second.entries()) {
    if (merged.includes(key)) continue;
    const next = second.slice(index + 1).find((later) => merged.includes(later));
    merged.splice(next === undefined ? merged.length : merged.indexOf(next), 0, key);
  }
  return merged;
}

function placeOf({
  node,
  netns,
  pod,
  interface: name,
  ifindex,
  role,
  attached,
}: PathInterface): PathInterface {
  return { node, netns, pod, interface: name, ifindex, role, attached };
}

function grouped(columns: readonly Column[]): Group[] {
  const groups: Group[] = [];
  for (const column of columns) {
    const last = groups.at(-1);
    if (last?.node === column.node && last.netns === column.netns) {
      groups[groups.length - 1] = { ...last, columns: [...last.columns, column] };
      continue;
    }
    const pod = column.pod === null ? null : `${column.pod.namespace}/${column.pod.name}`;
    const key = `${column.node}/${column.netns}/${groups.length}`;
    groups.push({ key, node: column.node, netns: column.netns, pod, columns: [column] });
  }
  return groups;
}

/** A bridge stands between its ports, everything else behind the others of its namespace. */
function addBystanders(groups: readonly Group[], bystanders: readonly Bystander[]): Group[] {
  return groups.map((group) => {
    const isFirst = groups.find(({ node, netns }) => node === group.node && netns === group.netns) === group;
    const here = bystanders.filter(
      ({ node, netns }) => isFirst && node === group.node && netns === group.netns,
    );
    const added = here.map((bystander): Column => ({
      ...placeOf(bystander),
      key: keyOf(bystander),
      request: [],
      reply: [],
      bystander,
    }));
    const [first, ...rest] = group.columns;
    const bridges = added.filter(({ role }) => role === 'bridge');
    const others = added.filter(({ role }) => role !== 'bridge');
    return { ...group, columns: [...(first === undefined ? [] : [first]), ...bridges, ...rest, ...others] };
  });
}

import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { addressOf } from '../model/path/addresses.ts';
import { ROLE_WORDS } from '../model/roleWords.ts';
import type { InterfaceRole, InterfaceTopology, NamespaceTopology, PodReference } from '../model/topology.ts';
import { BranchRow } from './branchRow.ts';
import { FactNode } from './factNode.ts';
import type { InterfaceBranch } from './interfaceGroups.ts';
import { addressText, interfaceDescription, interfaceFacts, rateText } from './interfaceText.ts';
import type { UpdatableRow } from './keptRows.ts';
import { KeptRows } from './keptRows.ts';
import type { FolderContent } from './namespaceFolder.ts';
import { NamespaceFolder } from './namespaceFolder.ts';
import { decorationUri } from './observedDecoration.ts';
import type { Fact } from './podFacts.ts';
import { neighbourFacts, routeFacts } from './podFacts.ts';
import type { RowContext } from './rowContext.ts';
import { SocketsFolder } from './socketsFolder.ts';
import type { Copies, TreeNode } from './treeNode.ts';
import { contextValue } from './treeNode.ts';

const ICONS: Readonly<Record<InterfaceRole, string>> = {
  uplink: 'globe',
  bridge: 'type-hierarchy-sub',
  'pod-veth': 'package',
  tunnel: 'arrow-swap',
  loopback: 'sync',
  'host-veth': 'link',
  other: 'circuit-board',
};

/** Where a row stands, which changes what it says first. */
export type RowPlace =
  /** Among a bridge's ports, or the node's interfaces that are no pod's. */
  | { readonly kind: 'node' }
  /** Among the wires of pods. */
  | { readonly kind: 'wires' }
  /** In the namespace of a pod. */
  | { readonly kind: 'pod'; readonly pod: PodReference | null };

/** One interface; a bridge opens to its ports, the wire of a pod to what is in the pod's namespace. */
export class InterfaceNode extends BranchRow<InterfaceBranch> {
  readonly context: RowContext;
  /** Inode of the namespace that it is in. */
  readonly netns: number;
  readonly #place: RowPlace;
  readonly #ports: KeptRows<InterfaceBranch, InterfaceNode>;
  #folders: readonly UpdatableRow<NamespaceTopology>[] = [];
  /** Inode of the namespace that the folders are of. */
  #folded: number | null = null;

  constructor(
    parent: TreeNode,
    context: RowContext,
    netns: number,
    branch: InterfaceBranch,
    place: RowPlace = { kind: 'node' },
  ) {
    super(parent, `${parent.id}/interface/${branch.of.ifindex}`, branch, context.changed);
    this.context = context;
    this.netns = netns;
    this.#place = place;
    this.#ports = new KeptRows<InterfaceBranch, InterfaceNode>({
      key: ({ of }) => of.ifindex,
      make: (port) => new InterfaceNode(this, context, netns, port),
    });
  }

  get link(): InterfaceTopology {
    return this.data.of;
  }

  get hasPorts(): boolean {
    return this.data.ports.length > 0;
  }

  /** Whose wire it is. */
  get pod(): PodReference | null {
    return this.link.pod ?? (this.#place.kind === 'pod' ? this.#place.pod : null);
  }

  /** The interface of the node at which what passes here is counted; null where nothing of it passes the node. */
  get counted(): string | null {
    if (this.#place.kind !== 'pod') return this.link.name;
    const { peer } = this.link;
    return peer?.netns === this.context.ownNamespace() ? peer.name : null;
  }

  get copies(): Copies {
    const { name, mac, ifindex } = this.link;
    const address = this.#addresses()[0];
    return {
      name,
      ...(mac === '' ? {} : { mac }),
      ...(address === undefined ? {} : { address: addressOf(address) }),
      index: String(ifindex),
    };
  }

  /** Plain text: names in it are the cluster's. */
  tooltip(): string {
    const facts = interfaceFacts(this.link, this.#rates());
    return [this.link.name, ...facts.map(([name, value]) => `${name}: ${value}`)].join('\n');
  }

  /** Figures of traffic are only in the tooltip, but for the rate. */
  protected override look(): string {
    const { of, ports, inside } = this.data;
    const link = { ...of, statistics: null };
    return JSON.stringify([link, ports.length > 0 || inside !== null, this.copies, rateText(this.#rates())]);
  }

  protected override draw(): TreeItem {
    const { link, data } = this;
    const opens = data.ports.length > 0 || data.inside !== null;
    const { label, who } = this.#names();
    const item = new TreeItem(
      label,
      opens ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.None,
    );
    item.id = this.id;
    item.description = interfaceDescription(link, who, this.#rates());
    // Green, and with a badge, where packets are counted; the tooltip and the screen reader's words say the same.
    item.iconPath = new ThemeIcon(
      ICONS[link.role],
      link.attached ? new ThemeColor('charts.green') : undefined,
    );
    item.resourceUri = decorationUri(this.id, link.attached);
    const flags = [this.pod === null ? '' : 'of-pod', this.counted === null ? '' : 'counted'];
    item.contextValue = contextValue('interface', this.copies, ...flags.filter(Boolean));
    const observed = link.attached ? 'observed' : 'not observed';
    const rest = [addressText(link), rateText(this.#rates()), link.state === 'down' ? 'down' : ''];
    item.accessibilityInformation = {
      label: [`${ROLE_WORDS[link.role]} ${link.name}`, this.#ownerText(), ...rest, observed]
        .filter(Boolean)
        .join(', '),
    };
    return item;
  }

  protected override get rows(): readonly TreeNode[] {
    return [...this.#ports.all, ...this.#folders];
  }

  protected override settle({ ports, inside }: InterfaceBranch): readonly TreeNode[] | null {
    const differing = this.#ports.take(ports);
    if (this.#folded !== (inside?.inode ?? null)) {
      this.#folded = inside?.inode ?? null;
      this.#folders = inside === null ? [] : this.#makeFolders(inside);
      return null;
    }
    const below = inside === null ? [] : this.#folders.flatMap((folder) => folder.update(inside));
    return differing === null ? null : [...differing, ...below];
  }

  #makeFolders(namespace: NamespaceTopology): readonly UpdatableRow<NamespaceTopology>[] {
    const { context } = this;
    const facts =
      (label: string, icon: string, list: (of: NamespaceTopology) => readonly Fact[]) =>
      (folder: TreeNode): FolderContent<Fact, FactNode> => ({
        ...{ label, icon, list },
        key: ({ key }) => key,
        make: (fact) => new FactNode(folder, context, fact),
      });
    const interfaces = (folder: TreeNode): FolderContent<InterfaceBranch, InterfaceNode> => ({
      label: 'Interfaces',
      icon: 'circuit-board',
      list: (of) => of.interfaces.map((link) => ({ of: link, ports: [], inside: null })),
      key: ({ of }) => of.ifindex,
      make: (branch) => {
        const place: RowPlace = { kind: 'pod', pod: namespace.pod };
        return new InterfaceNode(folder, context, namespace.inode, branch, place);
      },
    });
    const neighbours = facts('Neighbours', 'device-desktop', neighbourFacts);
    const { changed } = context;
    return [
      new NamespaceFolder(this, namespace, changed, interfaces, 'interfaces'),
      new NamespaceFolder(this, namespace, changed, facts('Routes', 'milestone', routeFacts), 'routes'),
      new NamespaceFolder(this, namespace, changed, neighbours, 'neighbours'),
      new SocketsFolder(this, namespace, context),
    ];
  }

  /** What the row is called, and what stands beside it. */
  #names(): { readonly label: string; readonly who: string } {
    const { link } = this;
    const owner = this.#ownerText();
    if (this.#place.kind === 'wires' && owner !== '') return { label: owner, who: link.name };
    return { label: link.name, who: this.#place.kind === 'pod' || owner === '' ? addressText(link) : owner };
  }

  #ownerText(): string {
    const { pod } = this;
    return pod === null ? '' : `${pod.namespace}/${pod.name}`;
  }

  #rates(): ReturnType<RowContext['rates']> {
    return this.context.rates(this.netns, this.link.ifindex);
  }

  /** Of the node's end of a pod's wire, which mostly has none, those of the pod's end. */
  #addresses(): readonly string[] {
    const { of, inside } = this.data;
    const peer = inside?.interfaces.find(({ ifindex }) => ifindex === of.peer?.ifindex);
    const global = [of, peer].map((end) =>
      (end?.addresses ?? []).filter((address) => !address.startsWith('fe80:')),
    );
    return global.find((addresses) => addresses.length > 0) ?? of.addresses;
  }
}

/**
 * The one source of what the extension contributes. `tools/contributions.ts` writes package.json's `contributes`
 * from it and the check fails when the two differ.
 */
export const CATEGORY = 'Vethscope';

/** Command ids with their arguments, as handlers take them. */
export interface CommandArguments {
  'vethscope.showFlows': [];
  'vethscope.showPodFlows': [target: unknown];
  'vethscope.showFlowsOfPod': [target: unknown];
  'vethscope.observeNode': [target: unknown];
  'vethscope.openInterface': [target: unknown];
  'vethscope.compareInterfaces': [target?: unknown, selected?: unknown];
  'vethscope.showInterfaceFlows': [target: unknown];
  'vethscope.showObservationPoints': [target: unknown];
  'vethscope.capture': [target?: unknown];
  'vethscope.revealPod': [target: unknown];
  'vethscope.showPodNetwork': [target?: unknown];
  'vethscope.copyInterfaceName': [target: unknown];
  'vethscope.copyInterfaceMac': [target: unknown];
  'vethscope.copyInterfaceAddress': [target: unknown];
  'vethscope.copyInterfaceIndex': [target: unknown];
  'vethscope.copyRow': [target: unknown];
  'vethscope.filterInterfaces': [];
  'vethscope.clearInterfacesFilter': [];
  'vethscope.stopSession': [target?: unknown];
  'vethscope.showSessions': [];
  'vethscope.removeAgents': [];
  'vethscope.forgetConsent': [];
  'vethscope.refreshInterfaces': [];
  'vethscope.showLog': [];
}
export type Command = keyof CommandArguments;

/** Settings with their types. */
export interface Settings {
  'vethscope.kubeconfig': string;
  'vethscope.agent.image': string;
  'vethscope.agent.namespace': string;
  'vethscope.agent.privileges': 'auto' | 'capabilities' | 'privileged';
  'vethscope.agent.maximumHours': number;
  'vethscope.requestTimeoutSeconds': number;
  'vethscope.localTargets': readonly LocalTargetSetting[];
}
export type Setting = keyof Settings;

/** A namespace of this machine (Linux, root), or a recorded session, shown beside the clusters. */
export interface LocalTargetSetting {
  readonly name: string;
  /** Path or name of the node's network namespace. */
  readonly netns?: string;
  /** A file made with `kubectl get pods,svc,nodes,endpointslices -A -o json`. */
  readonly inventory?: string;
  /** A recorded session to replay instead. */
  readonly recording?: string;
}

/** Context keys that menus and welcome views depend on. */
export interface ContextKeys {
  'vethscope.hasSession': boolean;
  /** Node Interfaces shows only what passes a filter. */
  'vethscope.interfacesFiltered': boolean;
  /** Of the kubeconfig; what is wrong with one cluster is said in its row. */
  'vethscope.clusterState': 'loading' | 'none' | 'ready';
}
export type ContextKey = keyof ContextKeys;

export const VIEW_CONTAINER = 'vethscope';
export const INTERFACES_VIEW = 'vethscope.interfaces';
export const FLOWS_PANEL = 'vethscope.flows';
export const POINTS_PANEL = 'vethscope.points';
export const INTERFACE_PANEL = 'vethscope.interface';
export const POD_NETWORK_PANEL = 'vethscope.podNetwork';
export const COMPARISON_PANEL = 'vethscope.comparison';

interface CommandContribution {
  readonly title: string;
  readonly icon?: string;
  /** Shown in the palette only when this holds; `false` hides a command that needs a target. */
  readonly palette?: string;
}

export const COMMANDS: Readonly<Record<Command, CommandContribution>> = {
  'vethscope.showFlows': { title: 'Show Flows…', icon: '$(pulse)' },
  'vethscope.showPodFlows': { title: 'Show Flows', icon: '$(pulse)', palette: 'false' },
  'vethscope.showFlowsOfPod': { title: 'Show Flows of Pod', palette: 'false' },
  'vethscope.observeNode': { title: 'Observe Node', icon: '$(eye)', palette: 'false' },
  'vethscope.openInterface': { title: 'Open Interface View', icon: '$(preview)', palette: 'false' },
  'vethscope.compareInterfaces': {
    title: 'Compare Interfaces…',
    icon: '$(split-horizontal)',
    palette: 'vethscope.hasSession',
  },
  'vethscope.showInterfaceFlows': { title: 'Show Flows', icon: '$(pulse)', palette: 'false' },
  'vethscope.showObservationPoints': {
    title: 'Observation Points…',
    icon: '$(git-compare)',
    palette: 'false',
  },
  'vethscope.capture': { title: 'Capture…', icon: '$(record)' },
  'vethscope.revealPod': { title: 'Reveal Pod', icon: '$(list-tree)', palette: 'false' },
  'vethscope.showPodNetwork': { title: 'How This Pod Got Its Network', icon: '$(list-ordered)' },
  'vethscope.copyInterfaceName': { title: 'Copy Name', palette: 'false' },
  'vethscope.copyInterfaceMac': { title: 'Copy MAC Address', palette: 'false' },
  'vethscope.copyInterfaceAddress': { title: 'Copy IP Address', palette: 'false' },
  'vethscope.copyInterfaceIndex': { title: 'Copy Interface Index', palette: 'false' },
  'vethscope.copyRow': { title: 'Copy as Text', palette: 'false' },
  'vethscope.filterInterfaces': { title: 'Filter Interfaces…', icon: '$(filter)' },
  'vethscope.clearInterfacesFilter': {
    title: 'Clear Interface Filter',
    icon: '$(filter-filled)',
    palette: 'vethscope.interfacesFiltered',
  },
  'vethscope.stopSession': { title: 'Stop Session', icon: '$(debug-stop)', palette: 'vethscope.hasSession' },
  'vethscope.showSessions': {
    title: 'Show Sessions…',
    icon: '$(list-unordered)',
    palette: 'vethscope.hasSession',
  },
  'vethscope.removeAgents': { title: 'Remove Agents…', icon: '$(trash)' },
  'vethscope.forgetConsent': { title: 'Forget Consent to Deploy…', icon: '$(shield)' },
  'vethscope.refreshInterfaces': { title: 'Refresh Node Interfaces', icon: '$(refresh)' },
  'vethscope.showLog': { title: 'Show Log', icon: '$(output)' },
};

/** JSON Schema of each setting as package.json carries it. */
export const SETTINGS: Readonly<Record<Setting, object>> = {
  'vethscope.kubeconfig': {
    type: 'string',
    default: '',
    scope: 'machine-overridable',
    markdownDescription:
      'Kubeconfig files, separated as in `KUBECONFIG`. Empty: `KUBECONFIG`, then `~/.kube/config`.',
  },
  'vethscope.agent.image': {
    type: 'string',
    default: 'docker.io/library/node:24-bookworm-slim',
    scope: 'machine',
    markdownDescription:
      'Image of the agent pod: any glibc Linux image with Node 24, `sh` and `tar`. The agent itself is copied into it.',
  },
  'vethscope.agent.namespace': {
    type: 'string',
    default: 'default',
    scope: 'machine',
    markdownDescription: 'Namespace for agent pods. It must allow privileged Pod Security.',
  },
  'vethscope.agent.privileges': {
    type: 'string',
    enum: ['auto', 'capabilities', 'privileged'],
    enumDescriptions: [
      'Capabilities first; privileged only where the node refuses them, after asking.',
      'BPF, PERFMON, NET_ADMIN, SYS_PTRACE and SYS_ADMIN; fail where that is not enough.',
      'A privileged container at once.',
    ],
    default: 'auto',
    scope: 'machine',
    description: 'What the agent container may do.',
  },
  'vethscope.agent.maximumHours': {
    type: 'number',
    default: 8,
    minimum: 1,
    maximum: 48,
    scope: 'machine',
    description: 'The cluster ends an agent pod after this many hours, whatever happens to VS Code.',
  },
  'vethscope.requestTimeoutSeconds': {
    type: 'number',
    default: 15,
    minimum: 2,
    maximum: 300,
    scope: 'window',
    description: 'How long a request to the API server, or a credential plugin, may take.',
  },
  'vethscope.localTargets': {
    type: 'array',
    default: [],
    scope: 'machine',
    markdownDescription:
      'Network namespaces of this machine (Linux, as root), or recorded sessions, shown beside the clusters.',
    items: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        netns: { type: 'string' },
        inventory: { type: 'string' },
        recording: { type: 'string' },
      },
    },
  },
};

const KUBERNETES_POD =
  'view == extension.vsKubernetesExplorer && viewItem =~ /vsKubernetes\\.resource\\.pod/i';
/** Rows of Node Interfaces of these kinds (words of their contextValue) that have all of these. */
const inTree = (kinds: readonly string[], ...has: readonly string[]): string =>
  [
    `view == ${INTERFACES_VIEW}`,
    `viewItem =~ /^(${kinds.join('|')})( |$)/`,
    ...has.map((word) => `viewItem =~ / ${word}( |$)/`),
  ].join(' && ');
const inTitle = `view == ${INTERFACES_VIEW}`;

const OBSERVED_NODE = inTree(['node'], 'observed');
const OBSERVABLE_NODE = inTree(['node'], 'observable');
const AN_INTERFACE = inTree(['interface']);
const COUNTED = inTree(['interface'], 'counted');
const OF_POD = inTree(['interface'], 'of-pod');
/** What belongs to interfaces, or holds them. */
const AROUND_INTERFACES = inTree(['group', 'route', 'neighbour', 'socket']);
const copies = (what: string): string =>
  inTree(['cluster', 'node', 'interface', 'route', 'neighbour', 'socket'], `copy-${what}`);

/** Menus as package.json carries them. */
export const MENUS = {
  'view/item/context': [
    { command: 'vethscope.showPodFlows', when: KUBERNETES_POD, group: '3@9' },
    { command: 'vethscope.showInterfaceFlows', when: COUNTED, group: 'inline@1' },
    { command: 'vethscope.openInterface', when: AN_INTERFACE, group: 'inline@2' },
    { command: 'vethscope.showInterfaceFlows', when: COUNTED, group: '1_flows@1' },
    { command: 'vethscope.showInterfaceFlows', when: AROUND_INTERFACES, group: '1_flows@1' },
    { command: 'vethscope.showFlowsOfPod', when: OF_POD, group: '1_flows@2' },
    { command: 'vethscope.openInterface', when: AN_INTERFACE, group: '1_flows@3' },
    { command: 'vethscope.compareInterfaces', when: AN_INTERFACE, group: '1_flows@5' },
    { command: 'vethscope.showObservationPoints', when: COUNTED, group: '1_flows@4' },
    { command: 'vethscope.showObservationPoints', when: AROUND_INTERFACES, group: '1_flows@4' },
    { command: 'vethscope.showObservationPoints', when: OBSERVED_NODE, group: '1_flows@4' },
    { command: 'vethscope.showPodNetwork', when: OF_POD, group: '1_flows@5' },
    { command: 'vethscope.capture', when: AN_INTERFACE, group: '2_capture@1' },
    { command: 'vethscope.revealPod', when: OF_POD, group: '3_reveal@1' },
    { command: 'vethscope.copyInterfaceName', when: copies('name'), group: '5_copy@1' },
    { command: 'vethscope.copyInterfaceMac', when: copies('mac'), group: '5_copy@2' },
    { command: 'vethscope.copyInterfaceAddress', when: copies('address'), group: '5_copy@3' },
    { command: 'vethscope.copyInterfaceIndex', when: copies('index'), group: '5_copy@4' },
    { command: 'vethscope.copyRow', when: copies('text'), group: '5_copy@5' },
    { command: 'vethscope.observeNode', when: OBSERVABLE_NODE, group: 'inline@1' },
    { command: 'vethscope.observeNode', when: OBSERVABLE_NODE, group: '1_flows@1' },
    { command: 'vethscope.showInterfaceFlows', when: OBSERVED_NODE, group: 'inline@1' },
    { command: 'vethscope.showInterfaceFlows', when: OBSERVED_NODE, group: '1_flows@1' },
    { command: 'vethscope.stopSession', when: OBSERVED_NODE, group: 'inline@2' },
    { command: 'vethscope.stopSession', when: OBSERVED_NODE, group: '1_flows@2' },
  ],
  'view/title': [
    { command: 'vethscope.showFlows', when: inTitle, group: 'navigation@1' },
    {
      command: 'vethscope.filterInterfaces',
      when: `${inTitle} && !vethscope.interfacesFiltered`,
      group: 'navigation@2',
    },
    {
      command: 'vethscope.clearInterfacesFilter',
      when: `${inTitle} && vethscope.interfacesFiltered`,
      group: 'navigation@2',
    },
    { command: 'vethscope.refreshInterfaces', when: inTitle, group: 'navigation@3' },
    { command: 'vethscope.filterInterfaces', when: inTitle, group: '1_filter@1' },
    { command: 'vethscope.removeAgents', when: inTitle, group: '2_agents@1' },
    { command: 'vethscope.forgetConsent', when: inTitle, group: '2_agents@2' },
    { command: 'vethscope.showLog', when: inTitle, group: '3_log@1' },
  ],
} as const;

/** Keys in Node Interfaces; the command takes the selected row. */
export const KEYBINDINGS = [
  {
    command: 'vethscope.copyInterfaceName',
    key: 'ctrl+c',
    mac: 'cmd+c',
    when: `focusedView == ${INTERFACES_VIEW} && listFocus && !inputFocus`,
  },
] as const;

export const WELCOME = [
  {
    view: INTERFACES_VIEW,
    contents: 'Reading the kubeconfig…',
    when: 'vethscope.clusterState == loading',
  },
  {
    view: INTERFACES_VIEW,
    contents:
      'No kubeconfig was found. Set one, or create ~/.kube/config.\n[Open Settings](command:workbench.action.openSettings?%5B%22vethscope.kubeconfig%22%5D)\nThe [log](command:vethscope.showLog) says where it was looked for.',
    when: 'vethscope.clusterState == none',
  },
] as const;

/** package.json's `contributes`, whole. */
export function contributes(): object {
  const titled = Object.entries(COMMANDS);
  return {
    commands: titled.map(([command, { title, icon }]) => ({ command, title, category: CATEGORY, icon })),
    configuration: { title: CATEGORY, properties: SETTINGS },
    menus: {
      commandPalette: titled.flatMap(([command, { palette }]) =>
        palette === undefined ? [] : [{ command, when: palette }],
      ),
      ...MENUS,
    },
    keybindings: KEYBINDINGS,
    viewsContainers: { activitybar: [{ id: VIEW_CONTAINER, title: CATEGORY, icon: 'media/icon.svg' }] },
    views: {
      [VIEW_CONTAINER]: [{ id: INTERFACES_VIEW, name: 'Node Interfaces', icon: 'media/icon.svg' }],
    },
    viewsWelcome: WELCOME,
  };
}

/** What starts the extension beside its own commands and views: a flow table left open when VS Code closed. */
export const ACTIVATION_EVENTS = [`onWebviewPanel:${FLOWS_PANEL}`] as const;

/**
 * What the views build against: a session is one running observation of a target by one or more agents. Nothing here
 * imports `vscode`; everything that asks the user comes in as a callback.
 */
import type { Cluster } from '../kube/cluster.ts';
import type { Problem } from '../kube/errors.ts';
import type { Disposable } from '../kube/listeners.ts';
import type { LocalTargetSetting, Settings } from '../contributions.ts';
import type { CaptureFilter } from '../model/captureFilter.ts';
import type { ClockOffset } from '../model/clockOffset.ts';
import type { Ledger } from '../model/ledger.ts';
import type { SessionPhase } from '../model/panelMessages.ts';
import type { SocketEntry, Topology } from '../model/topology.ts';
import type { Check, StreamFlowsResponse } from '../model/wire/generated/vethscope_pb.js';

/** Where agents run: a cluster (pinned: its kubeconfig, context and identity never change) or this machine. */
export type Source =
  | { readonly kind: 'cluster'; readonly cluster: Cluster }
  | { readonly kind: 'local'; readonly local: LocalTargetSetting };

/** What the user asked to observe at a source. A local source has one node and takes `node` only. */
export type Target =
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'node'; readonly node: string };

/** What is about to be created in the cluster, for the consent dialog. */
export interface DeployPlan {
  readonly context: string;
  readonly server: string;
  /** kube-system's uid; empty where it may not be read. Remember consent by this, or by `server` when empty. */
  readonly clusterUid: string;
  readonly node: string;
  readonly namespace: string;
  readonly image: string;
  readonly privileges: 'capabilities' | 'privileged';
  /** Why privileged is asked for after capabilities were refused or failed; null the first time. */
  readonly reason: string | null;
  readonly maximumHours: number;
}

/** The settings a session is started with; read once, when it starts. */
export type AgentSettings = Pick<
  Settings,
  | 'vethscope.agent.image'
  | 'vethscope.agent.namespace'
  | 'vethscope.agent.privileges'
  | 'vethscope.agent.maximumHours'
  | 'vethscope.requestTimeoutSeconds'
>;

export interface StartRequest {
  readonly source: Source;
  readonly target: Target;
  readonly settings: AgentSettings;
  /** Asks before a pod is created; false ends the session as stopped. Not called where an agent already runs. */
  readonly confirmDeploy: (plan: DeployPlan) => Promise<boolean>;
}

/** One message of an agent's flow stream, with where it comes from. */
export interface FlowBatch {
  /** Number of the agent within the session, 0 upward; flow, endpoint, point and address ids are unique within it. */
  readonly agent: number;
  readonly node: string;
  /**
   * True on the first batch of an agent that this reader has no ids of (first connection, restarted agent): forget
   * everything kept of this agent number. False also after a reconnect that resumed.
   */
  readonly reset: boolean;
  readonly message: StreamFlowsResponse;
}

/** Takes batches one at a time; the next is read from the wire only when the promise resolves (back-pressure). */
export type FlowConsumer = (batch: FlowBatch) => void | Promise<void>;

export type AgentPhase = 'deploying' | 'connecting' | 'running' | 'reconnecting' | 'stopped' | 'failed';

/** One agent on one node, shared by the sessions that need it. */
export interface Agent {
  /** Stable while the agent lives: source and node. */
  readonly key: string;
  readonly source: Source;
  readonly node: string;
  /** Namespace and name of its Job; null before it is made and for a local agent. */
  readonly deployedName: string | null;
  readonly phase: AgentPhase;
  readonly status: string;
  readonly problem: Problem | null;
  /** How far its node's clock is ahead of ours; null until it was measured. */
  readonly clock: ClockOffset | null;
  /** What doctor found; empty until connected. */
  readonly checks: readonly Check[];
  readonly kernel: string;
  /** Latest; null until the first arrives. */
  readonly topology: Topology | null;
  /** The sockets that a namespace of the topology has now, by its inode. @throws KubeError */
  sockets(netns: number): Promise<readonly SocketEntry[]>;
  /** Captures packets there until a limit is reached or `stop` is aborted. @throws KubeError */
  capture(question: CaptureQuestion, take: TakeCapture, stop: AbortSignal): Promise<CaptureEnd>;
  /** Latest; null until the first arrives. It counts what this connection's readers missed, too. */
  readonly ledger: Ledger | null;
}

/** Which packets of which interfaces, and when it is enough. */
export interface CaptureQuestion {
  /** Inode of a namespace of the topology. */
  readonly netns: number;
  /** Names there. */
  readonly interfaces: readonly string[];
  readonly filter: CaptureFilter;
  /** Null: as long, and as much, as the agent allows. */
  readonly mostPackets: number | null;
  readonly mostSeconds: number | null;
}

/** So far: packets in the file, those of them that were cut, and packets that matched and are not in it. */
export interface CaptureCounts {
  readonly packets: number;
  readonly truncated: number;
  readonly lost: number;
}

/** Takes whole blocks of a pcapng file, in order; the next are read when the promise resolves. */
export type TakeCapture = (blocks: Uint8Array, counts: CaptureCounts) => Promise<void>;

/** Why a capture ended; `asked`: it was told to. */
export type CaptureEnd = 'asked' | 'packets' | 'bytes' | 'seconds';

export interface SessionState {
  readonly phase: SessionPhase;
  /** One sentence: what is going on, or what failed and what to do. */
  readonly status: string;
  /** Set in phase `failed` (and while reconnecting). */
  readonly problem: Problem | null;
}

export interface Session {
  readonly id: string;
  readonly source: Source;
  readonly target: Target;
  /** For a panel: "web-1" or "node-a". */
  readonly title: string;
  /** For example "cluster prod · pod shop/web-1 · node node-a". */
  readonly scope: string;
  readonly state: SessionState;
  /** In the order of their numbers in flow batches, 0 upward. */
  readonly agents: readonly Agent[];
  /**
   * Observes the same target on a further node as well, for what passes there: an agent is deployed after asking, as for
   * the first. Whether it runs does not change the session's phase. Kept over restarts.
   */
  alsoObserve(node: string): void;
  /** Called after every change of state, of the list of agents or of one agent's phase. */
  onChange(listener: () => void): Disposable;
  /** One consumer a session (the flow store); setting another replaces it. Batches wait until there is one. */
  consumeFlows(consumer: FlowConsumer): Disposable;
  onLedger(listener: (update: { readonly agent: number; readonly ledger: Ledger }) => void): Disposable;
  /** After `failed` or `stopped`: starts the same target again with the same pinned cluster. */
  restart(): Promise<void>;
  /**
   * Ends the observation, removes agents nobody else uses and resolves when they are gone from the cluster.
   * Rejects with KubeError when something could not be removed; the session is stopped all the same.
   */
  stop(): Promise<void>;
}

/** An agent found in the cluster by its label, of this or of any other VS Code. */
export interface FoundAgent {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly owner: string;
  readonly session: string;
  readonly phase: string;
  readonly created: string;
  /** True when a session of this VS Code uses it. */
  readonly ours: boolean;
}

export interface Sessions {
  readonly sessions: readonly Session[];
  /** Every agent now known, for Node Interfaces. */
  readonly agents: readonly Agent[];
  /** Sessions came, went or changed phase. */
  onChange(listener: () => void): Disposable;
  /** An agent came, went, changed phase or sent a new topology. */
  onAgentChange(listener: (agent: Agent) => void): Disposable;
  /** Returns at once with a session in phase `starting`; what goes wrong shows in its state. */
  start(request: StartRequest): Session;
  /** Every agent in the cluster by label, across namespaces. */
  findAgents(cluster: Cluster): Promise<readonly FoundAgent[]>;
  /** Removes them and resolves when they are gone; sessions that used them end. */
  removeAgents(cluster: Cluster, agents: readonly FoundAgent[]): Promise<void>;
  /** Forgets a stopped or failed session. */
  forget(session: Session): void;
  /** Stops everything and removes all agents of ours; for deactivate(). Bounded in time: 4 s by default. */
  dispose(): Promise<void>;
}

/** What `createSessions` (src/session/sessions.ts) needs from the extension. */
export interface SessionsOptions {
  /** dist/payload: one folder an architecture (linux-x64, linux-arm64), uploaded to agents. */
  readonly payloadFolder: string;
  /** dist/agent/agent.cjs: run for local targets. */
  readonly agentProgram: string;
  /** Version of the extension, told to agents. */
  readonly version: string;
  /** Who deploys, written as an annotation on the agent's Job, for example "ada@laptop". */
  readonly owner: string;
}

import type { JobObject, PodSpecObject } from './objects.ts';

/** Labels and annotations by which agents are found, whoever made them. */
export const AGENT_LABELS = {
  name: 'app.kubernetes.io/name',
  managedBy: 'app.kubernetes.io/managed-by',
  session: 'vethscope.dev/session',
} as const;
export const AGENT_NAME = 'vethscope-agent';
export const AGENT_SELECTOR = `${AGENT_LABELS.name}=${AGENT_NAME},${AGENT_LABELS.managedBy}=vethscope`;
export const OWNER_ANNOTATION = 'vethscope.dev/owner';
export const NODE_ANNOTATION = 'vethscope.dev/node';
export const AGENT_CONTAINER = 'agent';

/** In the container: a small file system in memory, so that the token is on no disk. */
export const AGENT_FOLDER = '/tmp/vethscope';
/** Made last by the upload; the container waits for it. */
export const AGENT_MARKER = 'complete';
export const TOKEN_FILE = 'token';
/** On loopback of the pod's own network namespace. */
export const AGENT_PORT = 18240;
/** Without an upload in this time the container ends, and its Job with it. */
const UPLOAD_SECONDS = 120;
/** MiB. Drained records are large and short-lived: with V8's own size the agent holds 10 MB more at 100,000 flows. */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=2';

export type AgentPrivileges = 'capabilities' | 'privileged';

/** What eBPF programs, netlink, /proc of other processes and setns need. */
export const AGENT_CAPABILITIES = ['BPF', 'PERFMON', 'NET_ADMIN', 'SYS_PTRACE', 'SYS_ADMIN'] as const;

export interface AgentManifestOptions {
  /** Lower-case letters and digits; names the Job and its session label. */
  readonly session: string;
  readonly namespace: string;
  readonly node: string;
  readonly image: string;
  readonly privileges: AgentPrivileges;
  readonly maximumHours: number;
  readonly owner: string;
}

export const agentJobName = (session: string): string => `${AGENT_NAME}-${session}`;

/**
 * The Job of one agent. A Job and not a bare pod, so that the cluster itself removes an agent that ended, was killed or
 * outlived its hours: backoffLimit 0 ends the Job with its pod, ttlSecondsAfterFinished 0 then deletes both.
 */
export function agentJob(options: AgentManifestOptions): JobObject {
  const { metadata, spec } = agentPod(options);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, name: agentJobName(options.session), namespace: options.namespace },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: Math.round(options.maximumHours * 3600),
      ttlSecondsAfterFinished: 0,
      template: { metadata, spec },
    },
  };
}

/** The agent's pod as its Job makes it; also created on its own in a dry run, which shows refusals at once. */
export function agentPod(options: AgentManifestOptions): {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: PodSpecObject;
} {
  return {
    metadata: {
      labels: {
        [AGENT_LABELS.name]: AGENT_NAME,
        [AGENT_LABELS.managedBy]: 'vethscope',
        [AGENT_LABELS.session]: options.session,
      },
      annotations: { [OWNER_ANNOTATION]: options.owner, [NODE_ANNOTATION]: options.node },
    },
    spec: {
      // Past the scheduler: the node is given, and a full or cordoned node is to be observed too.
      nodeName: options.node,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      hostPID: true,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          name: AGENT_CONTAINER,
          image: options.image,
          imagePullPolicy: 'IfNotPresent',
          command: [
            'node',
            SMALL_YOUNG_GENERATION,
            '-e',
            BOOTSTRAP,
            AGENT_FOLDER,
            ...serveArguments(options.node),
          ],
          // For agents that are started by hand and for the kernel's out-of-memory order: modest.
          resources: {
            requests: { cpu: '20m', memory: '64Mi' },
            limits: { memory: '512Mi' },
          },
          securityContext: securityContext(options.privileges),
          terminationMessagePolicy: 'FallbackToLogsOnError',
          volumeMounts: [{ name: 'agent', mountPath: AGENT_FOLDER }],
        },
      ],
      volumes: [{ name: 'agent', emptyDir: { medium: 'Memory', sizeLimit: '128Mi' } }],
    },
  };
}

const serveArguments = (node: string): readonly string[] => [
  'serve',
  '--listen',
  `127.0.0.1:${AGENT_PORT}`,
  '--token-file',
  `${AGENT_FOLDER}/${TOKEN_FILE}`,
  '--node',
  node,
];

/** Waits for the upload, then becomes the uploaded program, with the arguments after the folder as its own. */
const BOOTSTRAP = `
const { existsSync } = require('node:fs');
const [folder, ...rest] = process.argv.slice(1);
const deadline = Date.now() + ${UPLOAD_SECONDS * 1000};
const timer = setInterval(() => {
  if (existsSync(folder + '/${AGENT_MARKER}')) {
    clearInterval(timer);
    process.argv = [process.execPath, folder + '/agent.cjs', ...rest];
    require('node:module').runMain();
  } else if (Date.now() > deadline) {
    console.error('Nothing was uploaded within ${UPLOAD_SECONDS} s.');
    process.exit(3);
  }
}, 50);
`.trim();

function securityContext(
  privileges: AgentPrivileges,
): NonNullable<PodSpecObject['containers'][number]['securityContext']> {
  const common = { runAsUser: 0, runAsGroup: 0, runAsNonRoot: false };
  if (privileges === 'privileged') return { ...common, privileged: true };
  return {
    ...common,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: [...AGENT_CAPABILITIES] },
    // The default profiles of runtimes refuse bpf(2), setns(2) and /proc of other processes.
    seccompProfile: { type: 'Unconfined' },
    appArmorProfile: { type: 'Unconfined' },
  };
}

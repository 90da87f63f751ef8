/**
 * What can be set up. check: linters. native: the collector and the addon. bundles: the extension's and the agent's
 * JavaScript. lab: a node in namespaces. vscode: code-server. browser: what drives it in tests. cluster: the two-node
 * Kubernetes.
 */
export const PARTS = ['check', 'native', 'bundles', 'lab', 'vscode', 'browser', 'cluster'] as const;
export type Part = (typeof PARTS)[number];

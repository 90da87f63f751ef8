/**
 * What can be set up. build: the collector, the addon and the bundles. lab: a node in namespaces. vscode: code-server.
 * browser: what drives it in tests. cluster: the two-node Kubernetes. check: linters.
 */
export const PARTS = ['check', 'build', 'lab', 'vscode', 'browser', 'cluster'] as const;
export type Part = (typeof PARTS)[number];

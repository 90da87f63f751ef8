/** The layers of ARCHITECTURE.md. Data moves one way; a layer knows the one beneath it and nothing above. */
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const unlessTest = '\\.test\\.ts$';

module.exports = {
  forbidden: [
    never('no-cycles', 'A cycle hides which part knows which.', {}, { circular: true }),
    never(
      'model-is-pure',
      'src/model runs in agent, host and webview alike.',
      { path: '^src/model', pathNot: unlessTest },
      { path: '^(?!src/model|node_modules/(@bufbuild|ipaddr))', pathNot: '^node_modules/(@bufbuild|ipaddr)' },
    ),
    never(
      'host-not-agent',
      'The host talks to agents over the wire only.',
      { path: '^src', pathNot: unlessTest },
      { path: '^(agent|webview|test|tools)' },
    ),
    never(
      'agent-not-host',
      'The agent knows only the model.',
      { path: '^agent/src', pathNot: unlessTest },
      { path: '^(src/(?!model)|webview|test|tools)' },
    ),
    never(
      'webview-not-host',
      'A page knows only the model; the harness plays the host, with the real flow store.',
      { path: '^webview', pathNot: unlessTest },
      { path: '^(src/(?!model|flows)|agent|test|tools)' },
    ),
    never(
      'page-not-flows',
      'A page knows only the model.',
      { path: '^webview/(?!harness)', pathNot: unlessTest },
      { path: '^src/flows' },
    ),
    never(
      'webview-not-node',
      'A page runs in a browser.',
      { path: '^webview', pathNot: unlessTest },
      { dependencyTypes: ['core'] },
    ),
    never(
      'kube-not-vscode',
      'src/kube is tested in plain Node.',
      { path: '^src/(kube|flows|model|session)', pathNot: unlessTest },
      { path: '^vscode$' },
    ),
    never(
      'kube-below-session',
      'kube knows nothing of sessions.',
      { path: '^src/kube' },
      { path: '^src/(session|flows|explorer|panels|commands)' },
    ),
    never(
      'session-below-views',
      'Sessions know nothing of views.',
      { path: '^src/session' },
      { path: '^src/(explorer|panels|commands|flows)' },
    ),
    never(
      'flows-below-views',
      'The store knows nothing of views.',
      { path: '^src/flows' },
      { path: '^src/(explorer|panels|commands|kube)' },
    ),
    never(
      'collector-lowest',
      'agent layers: collector -> identity -> flows -> server.',
      { path: '^agent/src/collector', pathNot: unlessTest },
      { path: '^agent/src/(cgroups|sockets|topology|identity|nat|flows|dns|server|commandLine)' },
    ),
    never(
      'cgroups-low',
      'A cgroup is a path: it knows neither packets nor pods of the inventory.',
      { path: '^agent/src/cgroups', pathNot: unlessTest },
      { path: '^agent/src/(collector|sockets|topology|identity|nat|flows|dns|server|commandLine)' },
    ),
    never(
      'sockets-low',
      'agent layers',
      { path: '^agent/src/sockets', pathNot: unlessTest },
      { path: '^agent/src/(cgroups|topology|identity|nat|flows|dns|server|commandLine)' },
    ),
    never(
      'nat-low',
      'agent layers: what is translated, not whose flows those are',
      { path: '^agent/src/nat', pathNot: unlessTest },
      { path: '^agent/src/(cgroups|sockets|topology|identity|flows|dns|server|commandLine)' },
    ),
    never(
      'topology-low',
      'agent layers',
      { path: '^agent/src/topology', pathNot: unlessTest },
      { path: '^agent/src/(flows|dns|server|commandLine)' },
    ),
    never(
      'identity-low',
      'agent layers',
      { path: '^agent/src/identity', pathNot: unlessTest },
      { path: '^agent/src/(flows|dns|server|commandLine)' },
    ),
    never(
      'flows-low',
      'agent layers',
      { path: '^agent/src/flows', pathNot: unlessTest },
      { path: '^agent/src/(dns|server|commandLine)' },
    ),
    never(
      'dns-low',
      'agent layers',
      { path: '^agent/src/dns', pathNot: unlessTest },
      { path: '^agent/src/(server|commandLine)' },
    ),
    never(
      'capture-low',
      'A capture needs packets alone.',
      { path: '^agent/src/capture', pathNot: unlessTest },
      { path: '^agent/src/(topology|identity|nat|flows|dns|server|commandLine)' },
    ),
    never(
      'server-low',
      'agent layers',
      { path: '^agent/src/server', pathNot: unlessTest },
      { path: '^agent/src/commandLine' },
    ),
    never(
      'no-unresolved',
      'Every import exists.',
      {},
      { couldNotResolve: true, pathNot: '^(vscode|.*\\.node)$' },
    ),
    never(
      'toolkit-in-one-place',
      'The toolkit is archived upstream: one file to change.',
      { path: '^webview', pathNot: '^webview/shared/controls\\.ts$' },
      { path: 'node_modules/@vscode/webview-ui-toolkit' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};

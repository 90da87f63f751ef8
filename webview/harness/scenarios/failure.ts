import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';

const problem = {
  what: 'The agent pod was refused.',
  where: 'namespace default, context staging',
  why: 'violates PodSecurity "baseline:latest": hostPID (pod must not set hostPID=true), privileged',
  next: 'Choose a namespace that allows privileged pods in the setting “Agent: Namespace”.',
};

/** A session that could not start. */
export const failure: Scenario = {
  state: { ...RUNNING, phase: 'failed', status: `${problem.what} ${problem.next}`, problem },
  play() {
    // Stays as it is.
  },
};

import { plainEndpoint } from '../../../src/flows/testing/packFlow.ts';
import type { Scenario } from './scenario.ts';
import { RUNNING } from './scenario.ts';
import { flowOnPath, namesOf, pseudoRandom, updateWith } from './traffic.ts';

/** Names as an attacker in the cluster would choose them. */
export const HOSTILE_NAMES = [
  '<img src=x onerror="globalThis.hacked = true">',
  '"><script>globalThis.hacked = true</script>',
  '${globalThis.hacked = true}{{hacked}}',
  '\u202Egnp.exe\u202C',
  'a'.repeat(5000),
  'javascript:globalThis.hacked=true',
  '[click](command:workbench.action.quit)',
  '\u0000\u0007\u001B[31mred',
] as const;

export const hostile: Scenario = {
  state: { ...RUNNING, title: HOSTILE_NAMES[0], scope: HOSTILE_NAMES.join(' · '), status: HOSTILE_NAMES[1] },
  play(stage) {
    const random = pseudoRandom(5);
    const endpoints = Array.from({ length: 14 }, (_, index) => {
      const name = HOSTILE_NAMES[index % HOSTILE_NAMES.length] ?? '';
      return plainEndpoint({
        namespace: name,
        name,
        address: name,
        container: name,
        node: name,
        names: [name],
      });
    });
    stage.apply(namesOf(endpoints));
    stage.apply(
      updateWith(Array.from({ length: 30 }, (_, index) => flowOnPath(index + 1, Date.now(), random))),
    );
  },
};

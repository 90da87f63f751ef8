import type { RecordedShape } from '../../../../src/model/recordings/recordedWiring.fixture.ts';
import { recordedPod, recordedWiring } from '../../../../src/model/recordings/recordedWiring.fixture.ts';
import type { PodNetworkScenario } from '../../podNetworkHost.ts';

/** A pod of the example shop on a real cluster. */
export function recorded(
  shape: RecordedShape,
  name: 'client' | 'node-exporter' = 'client',
): PodNetworkScenario {
  return { topology: recordedWiring(shape), uid: recordedPod(shape, name).uid };
}

import type { NetworkNamespace } from '../native/index.d.ts';
import type { Topology } from '../../src/model/topology.ts';
import { Capture } from './capture/capture.ts';
import type { CaptureSink } from './capture/capture.ts';
import { Failure } from './failure.ts';
import type { ObservationOptions } from './observationOptions.ts';
import type { NodeCapture } from './server/captures.ts';
import { namespaceInode } from './topology/processNamespaces.ts';

/** The longest packet that the kernel copies whole. */
const WHOLE = 65_535;

/** Captures in a namespace of the node's wiring. @throws Failure */
export function openNodeCapture(
  options: ObservationOptions,
  namespaces: { readonly watched: readonly NetworkNamespace[]; readonly known: Topology },
  { netns, ...wanted }: NodeCapture,
  sink: CaptureSink,
): Promise<Capture> {
  const of = [...namespaces.watched, ...namespaces.known.namespaces].find(({ inode }) => inode === netns);
  if (of === undefined || namespaceInode(of.path) !== netns) {
    throw new Failure(
      `namespace ${netns} is gone, or cannot be entered`,
      'Capture at an interface that is there now.',
    );
  }
  const { payload, node, attach } = options;
  const request = { ...wanted, node, namespaces: [of.path], attach, snapLength: WHOLE };
  return Capture.open(payload, request, sink, (message) => options.tell(message));
}

import { LESSONS } from '../../src/model/lessons.ts';
import type { BlankKind, Change } from '../../src/model/path/flowPath.ts';

export const CHANGE_LABELS: Readonly<Record<Change, string>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  'undo-dnat': 'DNAT undone',
  'undo-snat': 'SNAT undone',
  encapsulated: 'into tunnel',
  decapsulated: 'out of tunnel',
};

export const CHANGE_MEANINGS: Readonly<Record<Change, string>> = {
  dnat: LESSONS.dnat,
  snat: LESSONS.masquerade,
  'undo-dnat': 'The answer got the Service’s address back as its source.',
  'undo-snat': 'The answer got the client’s address back as its destination.',
  encapsulated: 'The packet travels inside another one, between the nodes’ own addresses.',
  decapsulated: 'The packet was taken out of the tunnel’s packet.',
};

/** Two words for the drawing; the reason has the sentence. */
export const BLANK_LABELS: Readonly<Record<BlankKind, string>> = {
  'not-attached': 'not attached',
  'other-end': 'see other end',
  'no-packets': 'nothing sent',
  dropped: 'dropped before',
  switched: 'switched past',
  'same-node': 'not left',
  'not-on-route': 'other way',
  unexplained: 'unexplained',
};

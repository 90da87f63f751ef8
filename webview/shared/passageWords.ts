import type { Passage } from '../../src/model/interfaceView/trafficLine.ts';

interface Look {
  readonly icon: string;
  readonly words: string;
}

const LOOKS: Readonly<Record<Passage, Look>> = {
  all: { icon: 'pass-filled', words: 'all' },
  part: { icon: 'color-mode', words: 'part' },
  inside: { icon: 'package', words: 'in tunnel' },
  none: { icon: 'circle-slash', words: 'nothing' },
};

/** How much is seen, as an icon and a word. @param isPodWire whether the part that it sees is that of its pod */
export function passageLook(passage: Passage, isPodWire: boolean): Look {
  return passage === 'part' && isPodWire ? { ...LOOKS.part, words: 'its pod’s' } : LOOKS[passage];
}

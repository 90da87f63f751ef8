import { window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import type { CaptureFilter } from '../model/captureFilter.ts';
import { captureFilterText, parseCaptureFilter } from '../model/captureFilter.ts';

/** When a capture is enough, and of which packets it is. */
export interface CaptureChoice {
  readonly mostPackets: number | null;
  readonly mostSeconds: number | null;
  readonly filter: CaptureFilter;
}

const LENGTHS = [
  { label: '10 seconds', mostSeconds: 10, mostPackets: null },
  { label: '60 seconds', mostSeconds: 60, mostPackets: null },
  { label: '1,000 packets', mostSeconds: null, mostPackets: 1000 },
  { label: 'Until stopped', mostSeconds: null, mostPackets: null },
] as const;

interface LengthItem extends QuickPickItem {
  /** Null where what is written is no filter. */
  readonly choice: CaptureChoice | null;
}

/** Asks how long, and in the same input what packets; null where the user left. */
export async function askCapture(where: string): Promise<CaptureChoice | null> {
  const pick = window.createQuickPick<LengthItem>();
  pick.title = `Capture at ${where}`;
  pick.placeholder = 'How long; or write which packets first, for example tcp 8080 10.244.1.0/24';
  pick.items = itemsFor('');
  pick.onDidChangeValue((text) => (pick.items = itemsFor(text)));
  const choice = await new Promise<CaptureChoice | null>((resolve) => {
    pick.onDidAccept(() => {
      const chosen = pick.activeItems[0]?.choice ?? null;
      if (chosen !== null) resolve(chosen);
    });
    pick.onDidHide(() => resolve(null));
    pick.show();
  });
  pick.dispose();
  return choice;
}

/** What is written narrows the packets, not the list. */
function itemsFor(text: string): readonly LengthItem[] {
  const filter = parseCaptureFilter(text);
  if (typeof filter === 'string') {
    const detail = 'Write protocols, ports and addresses: tcp 8080 10.244.1.0/24';
    return [{ label: `$(error) ${filter}`, detail, alwaysShow: true, choice: null }];
  }
  const packets = captureFilterText(filter);
  return LENGTHS.map(({ label, mostPackets, mostSeconds }) => ({
    label,
    description: packets === '' ? 'every packet' : `only ${packets}`,
    ...(mostPackets === null && mostSeconds === null && { detail: 'An hour and 1 GB at most' }),
    alwaysShow: true,
    choice: { mostPackets, mostSeconds, filter },
  }));
}

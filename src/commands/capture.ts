import { homedir } from 'node:os';
import { commands, env, ProgressLocation, UIKind, Uri, window, workspace } from 'vscode';
import { captureFileName } from '../model/captureFileName.ts';
import { formatBytes, formatCount, formatPlural } from '../model/format.ts';
import type { Observations } from '../panels/observations.ts';
import type { CaptureCounts, CaptureEnd, CaptureQuestion } from '../session/types.ts';
import { askCapture } from './captureChoice.ts';
import { interfacesAt, pickCapturePlace, placeOfRow, placeText } from './capturePlace.ts';
import { CaptureTarget } from './captureTarget.ts';
import type { Observer } from './observe.ts';
import { observedAgent } from './observedAgent.ts';

/** What came of a capture. */
interface Captured {
  readonly ended: CaptureEnd;
  readonly counts: CaptureCounts;
  readonly bytes: number;
}

/**
 * *Capture…* on an interface's row, or from the palette: packets as they pass, in a pcapng file.
 * @param ask *Show Flows…*, which observes a node
 */
export async function capture(
  row: unknown,
  observer: Observer,
  observations: Observations,
  ask: () => Promise<void>,
): Promise<void> {
  const place = placeOfRow(row) ?? (await pickCapturePlace(observations, ask));
  if (place === null) return;
  const where = placeText(place);
  const choice = await askCapture(where);
  if (choice === null) return;
  const agent = await observedAgent(place.at, observer, observations);
  const uri = await window.showSaveDialog({
    title: `Capture at ${where}`,
    saveLabel: 'Capture',
    filters: { 'Packet captures': ['pcapng'] },
    defaultUri: Uri.joinPath(
      workspace.workspaceFolders?.[0]?.uri ?? Uri.file(homedir()),
      captureFileName(place.at.node, place.name, new Date()),
    ),
  });
  if (uri === undefined) return;
  const question = { ...choice, netns: place.netns, interfaces: interfacesAt(place, agent.topology) };
  const captured = await window.withProgress(
    { location: ProgressLocation.Notification, cancellable: true, title: `Capturing at ${where}` },
    async (progress, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      const target = new CaptureTarget(uri);
      let counts: CaptureCounts = { packets: 0, truncated: 0, lost: 0 };
      try {
        const ended = await agent.capture(
          question,
          async (blocks, now) => {
            await target.write(blocks);
            counts = now;
            progress.report({ message: `${progressText(counts, target.bytes)}. Cancel keeps them.` });
          },
          stop.signal,
        );
        return { ended, counts, bytes: target.bytes };
      } finally {
        await target.close();
      }
    },
  );
  await tell(uri, where, question, captured);
}

function progressText({ packets, lost }: CaptureCounts, bytes: number): string {
  const missing = lost === 0 ? '' : `, ${formatCount(lost)} lost`;
  return `${formatPlural(packets, 'packet')}, ${formatBytes(bytes)}${missing}`;
}

/** Says what is in the file and what is not, and how to open it. */
async function tell(uri: Uri, where: string, question: CaptureQuestion, captured: Captured): Promise<void> {
  const { counts, bytes, ended } = captured;
  const text = [
    `Captured ${formatPlural(counts.packets, 'packet')} (${formatBytes(bytes)}) at ${where}.`,
    counts.lost === 0 ? 'None was lost.' : `${formatCount(counts.lost)} more passed and were lost.`,
    counts.truncated === 0 ? '' : `Of ${formatCount(counts.truncated)} the end was cut.`,
    ended === 'bytes' ? 'It ended at 1 GB, the most that one capture takes.' : '',
    ended === 'seconds' && question.mostSeconds === null ? 'It ended after an hour, the longest it may.' : '',
  ];
  const actions = new Map<string, () => Thenable<unknown>>();
  // Where VS Code shows files of the machine that it runs on.
  if (env.uiKind === UIKind.Desktop && env.remoteName === undefined && uri.scheme === 'file') {
    actions.set('Reveal', () => commands.executeCommand('revealFileInOS', uri));
  }
  actions.set('Copy Path', () => env.clipboard.writeText(uri.fsPath));
  actions.set('Copy Wireshark Command', () => env.clipboard.writeText(wiresharkCommand(uri.fsPath)));
  const chosen = await window.showInformationMessage(text.filter(Boolean).join(' '), ...actions.keys());
  if (chosen !== undefined) await actions.get(chosen)?.();
}

/** For the shell of this system. */
function wiresharkCommand(path: string): string {
  return process.platform === 'win32'
    ? `wireshark "${path}"`
    : `wireshark '${path.replaceAll("'", String.raw`'\''`)}'`;
}

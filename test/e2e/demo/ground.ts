/** What a demo stands on: something to observe, and how VS Code learns of it. */
import type { UserSettings } from '../codeServer.ts';
import type { DemoOpening } from '../demo-opener/extension.ts';

export interface DemoGround {
  /** One line: what is shown. */
  readonly what: string;
  readonly settings: UserSettings;
  readonly environment: Readonly<Record<string, string>>;
  /** What opens by itself; null where the user chooses. */
  readonly opening: DemoOpening | null;
  /** Takes down what was brought up. */
  close(): Promise<void>;
}

/** Starts code-server (VS Code's server and its web workbench) on loopback with throw-away user data. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { THEMES } from './themes.ts';
import { codeServerEntry } from './toolchain.ts';

/** User settings by id. */
export type UserSettings = Readonly<Record<string, unknown>>;

const SETTINGS: UserSettings = {
  'workbench.startupEditor': 'none',
  'workbench.colorTheme': THEMES.dark.setting,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.layoutControl.enabled': false,
  'window.menuBarVisibility': 'compact',
  'chat.disableAIFeatures': true,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.enabled': false,
  'files.simpleDialog.enable': true,
};

export interface CodeServerOptions {
  /** Folders of unpacked extensions, linked into the extensions folder. */
  readonly folders?: readonly string[];
  /** Packages to install. */
  readonly packages?: readonly string[];
  readonly settings?: UserSettings;
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Lets the address carry extensionDevelopmentPath and extensionTestsPath; VS Code ignores them otherwise. It also
   * switches notifications off, so tests that look at those leave it out.
   */
  readonly development?: boolean;
  /** Default: a free one. */
  readonly port?: number;
}

export class CodeServer {
  /** Throw-away folder with user data, extensions, home and workspace. */
  readonly folder: string;
  readonly origin: string;
  readonly workspace: string;
  private readonly child: ChildProcess;
  private output = '';
  private readonly onExit = (): void => {
    this.signalGroup('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.folder = folder;
    this.child = child;
    this.origin = `http://127.0.0.1:${port}`;
    this.workspace = join(folder, 'workspace');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    process.once('exit', this.onExit);
  }

  static async start(options: CodeServerOptions = {}): Promise<CodeServer> {
    const folder = mkdtempSync(join(tmpdir(), 'vethscope-e2e-'));
    for (const name of ['data/User', 'data/Machine', 'extensions', 'workspace', 'tmp']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    for (const path of options.folders ?? []) {
      symlinkSync(resolve(path), join(folder, 'extensions', basename(resolve(path))));
    }
    const settings = { ...SETTINGS, ...options.settings };
    writeSettings(folder, settings);

    const common = [
      ...[codeServerEntry(), '--config', join(folder, 'config.yaml')],
      ...['--user-data-dir', join(folder, 'data'), '--extensions-dir', join(folder, 'extensions')],
    ];
    const env = environment(folder, options.environment ?? {});
    for (const file of options.packages ?? []) {
      execFileSync(process.execPath, [...common, '--install-extension', file], { env, stdio: 'pipe' });
    }
    const port = options.port ?? (await freePort());
    const child = spawn(
      process.execPath,
      [
        ...common,
        ...[
          '--bind-addr',
          `127.0.0.1:${port}`,
          '--auth',
          'none',
          '--disable-telemetry',
          '--disable-update-check',
        ],
        ...[
          '--disable-workspace-trust',
          '--disable-getting-started-override',
          '--disable-proxy',
          '--ignore-last-opened',
        ],
        ...(options.development ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
      ],
      // A process group of its own: extension hosts and terminals end with it.
      { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    const server = new CodeServer(folder, port, child);
    await server.ready();
    return server;
  }

  get log(): string {
    return this.output;
  }

  /** The workbench's address; payload is VS Code's own way to pass parameters of extension development. */
  url(payload?: readonly (readonly [string, string])[]): string {
    const query = new URLSearchParams({ folder: this.workspace });
    if (payload) query.set('payload', JSON.stringify(payload));
    return `${this.origin}/?${query.toString()}`;
  }

  /** The address of a file of this machine as the workbench wants it. */
  remoteUri(path: string): string {
    return `vscode-remote://${new URL(this.origin).host}${resolve(path)}`;
  }

  /** Ends it as a user's service manager would, and removes its folder. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Ends the server and its extension hosts with SIGKILL: nobody can clean up. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      if (signal === 'SIGKILL') this.signalGroup(signal);
      else this.child.kill(signal);
      const timer = setTimeout(() => this.signalGroup('SIGKILL'), 8000);
      await exit;
      clearTimeout(timer);
    }
    this.signalGroup('SIGKILL');
    process.off('exit', this.onExit);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      // The whole group has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  private async ready(): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt++) {
      if (this.child.exitCode !== null) break;
      const answered = await fetch(`${this.origin}/healthz`).then(
        (response) => response.ok,
        () => false,
      );
      if (answered) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    await this.kill();
    throw new Error(`code-server did not start:\n${this.output}`);
  }
}

function writeSettings(folder: string, settings: UserSettings): void {
  const write = (place: string, some: UserSettings): void =>
    writeFileSync(join(folder, place, 'settings.json'), JSON.stringify(some, null, 2));
  write('data/User', settings);
  // A remote VS Code takes settings of scope "machine" from here only; what is here, the user cannot change.
  const ours = Object.entries(settings).filter(([name]) => name.startsWith('vethscope.'));
  write('data/Machine', Object.fromEntries(ours));
}

/** Ours without what would lead to the user's own VS Code, and without a marketplace. */
function environment(folder: string, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const foreign = /^(VSCODE_|ELECTRON_|XDG_|PORT$|PASSWORD$|KUBECONFIG$|npm_)/;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  return { ...own, HOME: folder, TMPDIR: join(folder, 'tmp'), EXTENSIONS_GALLERY: '{}', ...more };
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

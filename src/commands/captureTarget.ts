import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Uri } from 'vscode';
import { workspace } from 'vscode';

/** A file that grows while packets come. It is made with the first bytes, so that what fails before leaves none. */
export class CaptureTarget {
  readonly #uri: Uri;
  #file: FileHandle | null = null;
  /** Other file systems than the machine's take a file whole. */
  readonly #kept: Uint8Array[] = [];
  #bytes = 0;

  constructor(uri: Uri) {
    this.#uri = uri;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error in words for the user */
  async write(blocks: Uint8Array): Promise<void> {
    if (this.#uri.scheme === 'file') {
      await this.#told(async () => {
        this.#file ??= await open(this.#uri.fsPath, 'w');
        await this.#file.writeFile(blocks);
      });
    } else this.#kept.push(blocks);
    this.#bytes += blocks.length;
  }

  /** @throws Error in words for the user */
  async close(): Promise<void> {
    await this.#told(async () => {
      await this.#file?.close();
      if (this.#kept.length > 0) await workspace.fs.writeFile(this.#uri, Buffer.concat(this.#kept));
    });
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`The capture cannot be written to ${this.#uri.fsPath}: ${why}. Choose another file.`, {
        cause: error,
      });
    }
  }
}

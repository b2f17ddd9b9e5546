/** Where a capture's frames go: a file, or the standard output. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { MAX_SNAP_LENGTH } from '../dataplane/capture.ts';
import { type PcapPacket, pcapHeader, pcapRecord } from '../emulator/wire/pcap.ts';
import { CilionError, LabError } from '../errors.ts';

export class PcapOutput {
  readonly #stream: Writable;
  #failure: NodeJS.ErrnoException | undefined;

  private constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#failure ??= error;
    });
  }

  /** With the file's header written. @throws CilionError (exit code 2) when it cannot be opened, or is a terminal */
  static async open(file: string | undefined): Promise<PcapOutput> {
    if (file === undefined && process.stdout.isTTY) {
      throw new CilionError('a capture is no text for a terminal', {
        exitCode: 2,
        hint: 'write it to a file (--out), or into a pipe: … | wireshark -k -i -',
      });
    }
    const output = new PcapOutput(file === undefined ? process.stdout : await opened(file));
    await output.#put(pcapHeader(MAX_SNAP_LENGTH));
    return output;
  }

  /** Nothing can be written any more: its reader has gone, or its disk is full. */
  get over(): boolean {
    return this.#failure !== undefined;
  }

  async write(frames: readonly PcapPacket[]): Promise<void> {
    if (frames.length > 0) await this.#put(Buffer.concat(frames.map(pcapRecord)));
  }

  /** @throws LabError when something is missing that was to be written and could not be */
  async end(): Promise<void> {
    if (this.#failure === undefined && this.#stream !== process.stdout) {
      this.#stream.end();
      await once(this.#stream, 'close').catch(() => {});
    }
    // A reader that has seen enough is no failure.
    if (this.#failure === undefined || this.#failure.code === 'EPIPE') return;
    throw new LabError(`the capture ends early: ${this.#failure.message}`);
  }

  /** Resolves, also where it fails, when more may be written. */
  #put(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write(bytes, () => resolve());
    });
  }
}

async function opened(file: string): Promise<Writable> {
  const stream = createWriteStream(file);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new CilionError(`--out: ${(error as Error).message}`, { exitCode: 2 });
  }
  return stream;
}

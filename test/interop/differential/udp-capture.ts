/** What arrives at a device, as it arrives: tcpdump's output, read as a stream. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface SeenDatagram {
  readonly device: string;
  readonly from: string;
  readonly to: string;
  readonly payload: Uint8Array;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** Passes every UDP datagram on that comes in from `source`, until stopped. */
export class UdpCapture {
  readonly #child: ChildProcess;
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** In the current network namespace; resolves when nothing is missed any more. */
  static async start(
    device: string,
    sources: readonly string[],
    onSeen: (seen: SeenDatagram) => void,
  ): Promise<UdpCapture> {
    const filter = ['udp', 'and', '(', sources.map((source) => `src host ${source}`).join(' or '), ')'].join(' ');
    const argv = [
      '-i',
      device,
      '-Q',
      'in',
      '--immediate-mode',
      '-U',
      '-B',
      '16384',
      '-s',
      '0',
      '-Z',
      'root',
      '-w',
      '-',
      filter,
    ];
    const child = spawn('tcpdump', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    const capture = new UdpCapture(child);
    child.stdout!.on('data', (chunk: Buffer) => capture.#read(chunk, (frame) => onSeen(datagram(device, frame))));
    await listening(child);
    return capture;
  }

  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }

  #read(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#begun && rest.length >= FILE_HEADER) {
      this.#begun = true;
      rest = rest.subarray(FILE_HEADER);
    }
    while (this.#begun && rest.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + rest.readUInt32LE(8);
      if (rest.length < end) break;
      onFrame(rest.subarray(RECORD_HEADER, end));
      rest = rest.subarray(end);
    }
    this.#rest = Buffer.from(rest);
  }
}

/** Its standard error must stay open for as long as it runs: it writes there when it sees its first packet. */
function listening(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said += String(chunk);
    if (said.includes('listening on')) resolve();
  });
  child.once('exit', () => reject(new Error(`tcpdump ended: ${said}`)));
  return promise;
}

function datagram(device: string, frame: Buffer): SeenDatagram {
  const socket = (address: number, port: number) =>
    `${frame.subarray(address, address + 4).join('.')}:${frame.readUInt16BE(port)}`;
  const length = frame.readUInt16BE(38) - 8;
  return {
    device,
    from: socket(26, 34),
    to: socket(30, 36),
    payload: Uint8Array.from(frame.subarray(42, 42 + length)),
  };
}

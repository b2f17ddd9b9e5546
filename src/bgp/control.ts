/**
 * Client of one BIRD's control socket. A reply is lines of `dddd-text`, the last `dddd text`; a line that begins with a
 * space continues the one before under the same code. Codes from 8000 are errors (BIRD user's guide, remote control).
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LabError } from '../errors.ts';
import { patiently } from '../process/patience.ts';
import { type BirdProtocol, type BirdRoute, parseNetworkCount, parseProtocols, parseRoutes } from './routes.ts';

interface Reply {
  readonly code: number;
  /** Texts of all lines, without codes. */
  readonly lines: readonly string[];
}

const NO_SUCH_NETWORK = 8001;
const FIRST_ERROR = 8000;

/** BIRD answered a command with an error, e.g. a configuration that does not parse. */
export class BirdError extends LabError {
  readonly code: number;

  constructor(socketPath: string, command: string, reply: Reply) {
    super(`bird at ${socketPath}: ${command}: ${reply.lines.join(' ').trim()} (${reply.code})`);
    this.code = reply.code;
  }
}

export interface BirdFiles {
  readonly config: string;
  readonly socket: string;
  readonly pid: string;
}

/** The command that runs BIRD in the foreground; it takes its kernel routes away when it ends by SIGTERM. */
export function birdCommand(files: BirdFiles): string[] {
  return ['bird', '-f', '-c', files.config, '-s', files.socket, '-P', files.pid];
}

/** Retries while BIRD is still making its socket. */
const CONNECT_RETRY_MS = 20;
/** BIRD answers in milliseconds, and with a full table on a busy machine in less than a second. */
const PATIENCE_S = 10;
const MISSING: readonly unknown[] = ['ENOENT', 'ECONNREFUSED'];

export class BirdControl {
  /** As BIRD greets, e.g. `2.0.12`. */
  readonly version: string;
  readonly #path: string;
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #rest = '';
  #lines: string[] = [];
  #failure: LabError | undefined;

  private constructor(path: string, socket: Socket, version: string) {
    this.#path = path;
    this.#socket = socket;
    this.version = version;
  }

  /**
   * Connects, and waits until there is somebody to connect to.
   * @param deadlineMs How long a socket may be missing, milliseconds.
   * @throws LabError when BIRD does not answer in time.
   */
  static async open(path: string, deadlineMs = 5000): Promise<BirdControl> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      try {
        return await BirdControl.#connect(path, Math.max(1, Math.ceil(deadline - performance.now())));
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (!MISSING.includes(code) || performance.now() > deadline) {
          throw new LabError(`bird at ${path} does not answer: ${(error as Error).message}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
      }
    }
  }

  static async #connect(path: string, timeoutMs: number): Promise<BirdControl> {
    const socket = connect(path);
    try {
      const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(timeoutMs) })) as [Buffer];
      const version = /^0001 BIRD (\S+) ready/.exec(greeting.toString())?.[1];
      if (version === undefined) throw new LabError(`unexpected greeting: ${greeting.toString().trim()}`);
      const control = new BirdControl(path, socket, version);
      socket.on('data', (bytes) => control.#receive(bytes.toString()));
      socket.on('error', (error) => control.#fail(error.message));
      socket.on('close', () => control.#fail('the connection was closed'));
      return control;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /**
   * Makes BIRD read a configuration file. Sessions stay up; what changed in filters and static routes is announced or
   * withdrawn at once. (BIRD's own `configure soft` would leave routes as the old filters had them.)
   * @throws BirdError when the file is wrong; the old configuration then stays in force.
   */
  async configure(configPath: string): Promise<void> {
    await this.#command(`configure "${configPath}"`);
  }

  async protocols(): Promise<BirdProtocol[]> {
    return parseProtocols((await this.#command('show protocols')).lines);
  }

  /** The route by which packets for an IPv4 address leave, or the best of exactly this prefix; null if there is none. */
  async routeTo(destination: string): Promise<BirdRoute | null> {
    const query = destination.includes('/') ? destination : `for ${destination}`;
    const routes = await this.#routes(`show route ${query} primary all`);
    return routes[0] ?? null;
  }

  /** Every route for this prefix, also those that were not chosen. */
  async routesTo(prefix: string): Promise<BirdRoute[]> {
    return this.#routes(`show route ${prefix} all`);
  }

  /** The best route of every prefix. */
  async bestRoutes(): Promise<BirdRoute[]> {
    return this.#routes('show route primary all');
  }

  /** Prefixes in the main table. */
  async routeCount(): Promise<number> {
    const { lines } = await this.#command('show route count');
    const count = parseNetworkCount(lines);
    if (count === null) throw new LabError(`bird at ${this.#path}: no count in "${lines.join(' ')}"`);
    return count;
  }

  close(): void {
    this.#failure ??= new LabError(`bird at ${this.#path}: this client was closed`);
    this.#socket.destroy();
  }

  async #routes(command: string): Promise<BirdRoute[]> {
    try {
      return parseRoutes((await this.#command(command)).lines);
    } catch (error) {
      if (error instanceof BirdError && error.code === NO_SUCH_NETWORK) return [];
      throw error;
    }
  }

  /**
   * BIRD answers in order, so requests need no other queue than the socket; without an answer in time the connection is
   * given up.
   */
  async #command(command: string): Promise<Reply> {
    if (this.#failure !== undefined) throw this.#failure;
    const answer = new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${command}\n`);
    });
    const reply = await patiently(answer, PATIENCE_S, () => {
      this.#socket.destroy();
      return this.#fail(`no answer to "${command}" within ${PATIENCE_S} s`);
    });
    if (reply.code >= FIRST_ERROR) throw new BirdError(this.#path, command, reply);
    return reply;
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const coded = /^(\d{4})([ -])(.*)$/.exec(line);
      this.#lines.push(coded === null ? line.slice(1) : (coded[3] ?? ''));
      if (coded?.[2] !== ' ') continue;
      this.#waiting.shift()?.resolve({ code: Number(coded[1]), lines: this.#lines });
      this.#lines = [];
    }
  }

  #fail(why: string): LabError {
    this.#failure ??= new LabError(`bird at ${this.#path}: ${why}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    return this.#failure;
  }
}

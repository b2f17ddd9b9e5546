/**
 * The process that runs the middles of a lab's wires: `node wire-process.ts <config.json>`.
 *
 * A process of its own, so that a busy main process cannot disturb it and a lab can outlive the command that made it.
 * It prints one line (ReadyLine) when frames flow and obeys its control socket until SIGTERM. Then, or when it dies,
 * the programs stay attached: wires that neither delay nor limit go on, the others stop.
 */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { getSystemErrorName } from 'node:util';
import { CilionError, LabError } from '../../errors.ts';
import { DelayLine } from './delay-line.ts';
import type {
  ReadyLine,
  WireAnswer,
  WireOperation,
  WireOperations,
  WireProcessConfig,
  WireRequest,
} from './wire-protocol.ts';

/** How often the process looks whether the thread still runs. */
const WATCH_MS = 500;

type Handlers = {
  readonly [Operation in WireOperation]: (
    argument: WireOperations[Operation]['argument'],
    connection: Socket,
  ) => WireOperations[Operation]['result'];
};

function handlers(line: DelayLine, end: () => void): Handlers {
  return {
    ping: () => null,
    own: (_, connection) => {
      connection.once('close', end);
      return null;
    },
    setShape: ({ link, direction, shape }) => {
      line.setShape(link, direction, shape);
      return null;
    },
    counters: () => line.counters(),
    startCapture: (request) => line.startCapture(request),
    stopCapture: ({ link }) => line.stopCapture(link),
    stats: () => line.stats(),
  };
}

function answer(handle: Handlers, text: string, connection: Socket): WireAnswer {
  let id = 0;
  try {
    const request = JSON.parse(text) as WireRequest;
    id = request.id;
    if (!Object.hasOwn(handle, request.op)) throw new LabError(`unknown operation ${request.op}`);
    const body = handle[request.op] as (argument: unknown, connection: Socket) => unknown;
    return { id, result: body(request.argument, connection) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof CilionError ? error.hint : undefined;
    return { id, error: { message, ...(hint === undefined ? {} : { hint }) } };
  }
}

async function serve(path: string, handle: Handlers): Promise<Server> {
  const server = createServer((connection) => {
    const broken = () => connection.destroy();
    connection.on('error', broken);
    createInterface({ input: connection })
      .on('line', (text) => connection.write(`${JSON.stringify(answer(handle, text, connection))}\n`))
      // A reader of lines passes the connection's errors on, to nobody if nobody listens.
      .on('error', broken);
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

async function main(configPath: string | undefined): Promise<void> {
  if (configPath === undefined) throw new LabError('wire-process.ts needs the path of its configuration');
  const config = JSON.parse(readFileSync(configPath, 'utf8')) as WireProcessConfig;
  const line = new DelayLine(config);
  let ending = false;
  const end = (code = 0) => {
    if (ending) return;
    ending = true;
    line.stop();
    rmSync(config.socket, { force: true });
    process.exit(code);
  };
  process.on('SIGTERM', () => end());
  process.on('SIGINT', () => end());
  // A reader of the ready line that has gone away is no reason to end.
  process.stdout.on('error', () => {});
  await serve(
    config.socket,
    handlers(line, () => end()),
  );
  setInterval(() => {
    const { errno } = line.stats();
    if (errno === 0) return;
    console.error(`re-injecting frames failed: ${getSystemErrorName(-errno)}`);
    end(3);
  }, WATCH_MS);
  const ready: ReadyLine = { ready: true, pid: process.pid, wires: config.wires.length, startMs: performance.now() };
  console.log(JSON.stringify(ready));
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(error instanceof CilionError ? error.message : error);
  process.exit(3);
}

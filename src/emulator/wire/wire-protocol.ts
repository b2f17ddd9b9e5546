/** What wire-control.ts and wire-process.ts say to each other over a Unix socket: JSON values, one a line. */
import type { Shape } from '../../topology/model.ts';
import type { CaptureFiles, CaptureRequest } from './capture.ts';
import type { CaptureReport, DelayLineConfig, DelayLineStats, Direction, LinkCounters } from './delay-line.ts';

/** The file that `wire-process.ts` is started with. */
export interface WireProcessConfig extends DelayLineConfig {
  /** Path of the control socket. */
  readonly socket: string;
}

/** The one line on the process's standard output, when frames flow. */
export interface ReadyLine {
  readonly ready: true;
  readonly pid: number;
  readonly wires: number;
  /** From the start of the process, milliseconds. */
  readonly startMs: number;
}

/** Operation → its argument and its result. */
export interface WireOperations {
  ping: { argument: null; result: null };
  /** The process ends when the connection that said this closes. */
  own: { argument: null; result: null };
  setShape: { argument: { link: string; direction: Direction; shape: Shape }; result: null };
  counters: { argument: null; result: Record<string, LinkCounters> };
  startCapture: { argument: CaptureRequest; result: CaptureFiles };
  stopCapture: { argument: { link: string }; result: Record<Direction, CaptureReport> };
  stats: { argument: null; result: DelayLineStats };
}

export type WireOperation = keyof WireOperations;

export interface WireRequest<Operation extends WireOperation = WireOperation> {
  /** Comes back with the answer. */
  readonly id: number;
  readonly op: Operation;
  readonly argument: WireOperations[Operation]['argument'];
}

export type WireAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly hint?: string } };

/** What `bench bringup` leaves in its bundle (bench-bundle.ts). */
import type { ControlPlaneKind } from '../scenario/model.ts';
import type { Goal } from './goals.ts';
import type { Interval } from './resampling.ts';

/** One lab brought up and taken down. Times are seconds from the moment at which planning begins. */
export interface BringupSample {
  readonly kind: 'bringup';
  readonly block: number;
  readonly controlPlane: ControlPlaneKind;
  readonly ases: number;
  readonly clusters: number;
  readonly links: number;
  /** Each part of the way to the first packet, by when it was done. */
  readonly planned: number;
  readonly built: number;
  readonly pathsKnown: number;
  readonly loaded: number;
  readonly attached: number;
  /** A pod's packet to another cluster has been answered. */
  readonly firstPacket: number;
  /** Every router has a route to every AS's prefix. */
  readonly bgpConverged: number;
  /** From the command to take it down until it is gone. */
  readonly takenDown: number;
  readonly memory: BringupMemory;
  /** As uptime(1) shows it, before. */
  readonly loadAverage: number;
}

/** Bytes, when packets get through and BGP has converged. */
export interface BringupMemory {
  /** What the kernel had available before − what it has now: also that which is no process's, and others' doings. */
  readonly machine: number;
  /** Proportional share (PSS) of the processes in the lab's namespaces, and how many they are. */
  readonly processes: number;
  readonly processCount: number;
  /** What this process, which holds topology, paths and programs, has grown by. */
  readonly testbed: number;
}

export interface BringupRow {
  readonly controlPlane: ControlPlaneKind;
  readonly ases: number;
  readonly clusters: number;
  /** Seconds: median and range over blocks (the least and the most; too few for an interval). */
  readonly built: Interval;
  /** Of that time, loading the programs and filling their maps. */
  readonly loaded: Interval;
  readonly firstPacket: Interval;
  readonly bgpConverged: Interval;
  readonly takenDown: Interval;
  /** Bytes. */
  readonly machine: Interval;
  readonly processes: Interval;
}

export interface BringupSummary {
  readonly bench: 'bringup';
  readonly rows: readonly BringupRow[];
  readonly goals: readonly Goal[];
}

/** The project's tests, by what they need. `cilion test` runs them in this order. */

export interface Tier {
  readonly name: string;
  readonly about: string;
  /** Files, as globs from the project's root. */
  readonly files: readonly string[];
  /** Test files at a time: those that measure or fill the machine run alone. */
  readonly concurrency: number;
  /** Runs only when it is named. Default false. */
  readonly onRequest?: boolean;
}

export const TIERS: readonly Tier[] = [
  { name: 'unit', about: 'the pure half', files: ['test/unit/**/*.test.ts'], concurrency: 2 },
  { name: 'golden', about: 'packets through BPF_PROG_RUN', files: ['test/golden/**/*.test.ts'], concurrency: 1 },
  {
    name: 'fuzz',
    about: 'damaged packets, program against model',
    files: ['test/fuzz/**/*.test.ts'],
    concurrency: 2,
  },
  { name: 'lab', about: 'network namespaces', files: ['test/lab/**/*.test.ts'], concurrency: 1 },
  { name: 'interop', about: 'reference services', files: ['test/interop/**/*.test.ts'], concurrency: 1 },
  { name: 'run', about: 'the command line, whole scenarios', files: ['test/run/**/*.test.ts'], concurrency: 1 },
  {
    name: 'kubernetes',
    about: 'a real API server, which is built at first use',
    files: ['test/kind/**/*.test.ts'],
    concurrency: 1,
    onRequest: true,
  },
  {
    name: 'kind',
    about: 'real clusters in a lab, whose node image is built at first use',
    files: ['test/kind-clusters/**/*.test.ts'],
    concurrency: 1,
    onRequest: true,
  },
];

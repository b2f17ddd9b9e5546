/** Internets of any size for `bench bringup`: a core, providers below it, edge ASes below these. */
import type { Scenario } from '../scenario/model.ts';
import { type GenerateOptions, generatedScenario, type Internet } from './generated-scenario.ts';

export const FEWEST_ASES = 3;
export const MOST_ASES = 4000;

type InternetLink = Internet['links'][number];

/** How many ASes of each kind an internet of so many has; they are numbered in this order. */
export function layers(ases: number): { readonly cores: number; readonly providers: number; readonly edges: number } {
  const cores = Math.max(1, Math.round(Math.sqrt(ases) / 2));
  const providers = Math.floor((ases - cores) / 4);
  return { cores, providers, edges: ases - cores - providers };
}

/**
 * The core is a ring with a chord from each of its ASes to the opposite one; each provider has two core ASes above it, where
 * there are two; each edge AS has one provider (or, in the smallest, the core AS). The same number gives the same internet.
 *
 * @param clusters so many of the edge ASes are clusters, spread evenly, the first and the last among them
 */
export function treeInternet(ases: number, clusters: number): Internet {
  const { cores, providers, edges } = layers(ases);
  const provider = (n: number) => cores + (n % providers) + 1;
  const edge = (n: number) => cores + providers + n + 1;
  const chosen = Array.from({ length: Math.min(clusters, edges) }, (_, n) =>
    Math.round((n * (edges - 1)) / Math.max(1, Math.min(clusters, edges) - 1)),
  );
  return {
    name: `tree-${ases}`,
    ases,
    cores,
    links: [
      ...coreLinks(cores),
      ...range(providers).flatMap((n) => parents(n, cores).map((a) => child(a, provider(n)))),
      ...range(edges).map((n) => child(providers === 0 ? 1 : provider(n), edge(n))),
    ],
    clusters: Object.fromEntries(chosen.map((n) => [`c${n + 1}`, edge(n)])),
  };
}

export function treeScenario(ases: number, clusters: number, options: GenerateOptions): Scenario {
  return generatedScenario(treeInternet(ases, clusters), options);
}

/** No link twice: in a ring of two, the way back is the way there, and in one of three there is no opposite. */
function coreLinks(cores: number): InternetLink[] {
  const core = (a: number, b: number) => ({ kind: 'core', a: a + 1, b: b + 1 }) as const;
  const ring = range(cores === 2 ? 1 : cores < 2 ? 0 : cores).map((n) => core(n, (n + 1) % cores));
  const half = Math.floor(cores / 2);
  const chords = range(cores < 4 ? 0 : half).map((n) => core(n, n + half));
  return [...ring, ...chords];
}

function parents(n: number, cores: number): number[] {
  return [...new Set([(n % cores) + 1, ((n + 1) % cores) + 1])];
}

function child(a: number, b: number): InternetLink {
  return { kind: 'child', a, b };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, n) => n);
}

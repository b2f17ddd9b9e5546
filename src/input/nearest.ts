/** Finds the name that a person most likely meant. */

/** Of a longer name, the beginning has to do. */
const MAX_COMPARED = 64;

/**
 * The candidate with the fewest single-letter edits from `name`, or undefined when none is close enough
 * (more than a third of the name would have to change).
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.slice(0, MAX_COMPARED).toLowerCase();
  let best: string | undefined;
  // A name of one letter is like no other.
  let fewest = wanted.length === 1 ? 1 : Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= fewest) continue;
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Longer text tells no more about what is wrong with it. */
const MAX_QUOTED = 60;

/** What a file says, in quotes, for a message; of a long text the beginning. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** More names than this are no help to someone who looks for one. */
const MAX_LISTED = 16;

/** `did you mean "x"?` where a candidate is near, else the list of the candidates. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const all = [...candidates];
  const near = nearestName(name, all);
  if (near !== undefined) return `did you mean "${near}"?`;
  return all.length === 0 ? 'one to be defined first' : oneOf(all);
}

/** `one of a, b`; where there is one only, that. */
export function oneOf(all: readonly (string | number)[]): string {
  return all.length === 1 ? String(all[0]) : `one of ${list(all)}`;
}

/** Names or numbers separated by commas; of many, the first and how many there are. */
export function list(all: readonly (string | number)[]): string {
  if (all.length <= MAX_LISTED) return all.join(', ');
  return `${all.slice(0, MAX_LISTED).join(', ')}, … (${all.length} in all)`;
}

/** Rows of the distance's table, with room for a longer candidate of which each letter becomes two; names are looked for among thousands. */
let [beforePrevious, previous, current] = [0, 1, 2].map(() => new Uint16Array(MAX_COMPARED * 4)) as [
  Uint16Array,
  Uint16Array,
  Uint16Array,
];

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  for (let column = 0; column <= b.length; column++) previous[column] = column;
  for (let row = 1; row <= a.length; row++) {
    current[0] = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a.charCodeAt(row - 1) === b.charCodeAt(column - 1);
      let edits = previous[column - 1]! + (same ? 0 : 1);
      edits = Math.min(edits, previous[column]! + 1, current[column - 1]! + 1);
      const swapped =
        row > 1 &&
        column > 1 &&
        a.charCodeAt(row - 1) === b.charCodeAt(column - 2) &&
        a.charCodeAt(row - 2) === b.charCodeAt(column - 1);
      if (swapped) edits = Math.min(edits, beforePrevious[column - 2]! + 1);
      current[column] = edits;
    }
    [beforePrevious, previous, current] = [previous, current, beforePrevious];
  }
  return previous[b.length]!;
}

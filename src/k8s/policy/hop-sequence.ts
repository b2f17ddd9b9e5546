/**
 * Hop sequences: which ASes, in which order, by which interfaces. The language is that of the reference's path policies
 * (doc/dev/design/PathPolicy.rst, "Sequence"): hop predicates one after another, each for one AS of the path, with the
 * operators `?` (none or one), `*`, `+`, `|` (either) and parentheses.
 *
 * A hop predicate is `ISD`, `ISD-AS`, `ISD-AS#interface` (either of the two) or `ISD-AS#in,out`; 0 stands for any.
 */
import type { PathHop } from '../../scion/end-to-end-path.ts';
import { isdOf } from '../../scion/isd-as.ts';
import { asOf, parseAs } from './as-pattern.ts';

/** Text that is no hop sequence; the message is a sentence that says why. */
export class HopSequenceError extends Error {}

export interface HopSequence {
  readonly text: string;
  readonly root: Expression;
}

interface HopPredicate {
  /** 0: any. */
  readonly isd: number;
  /** Canonical text; absent: any. */
  readonly as?: string;
  /** None, one that is either of the AS's two, or ingress and egress. */
  readonly interfaces: readonly number[];
}

type Expression =
  | { readonly kind: 'hop'; readonly hop: HopPredicate }
  | { readonly kind: 'then' | 'either'; readonly parts: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly part: Expression; readonly least: 0 | 1; readonly many: boolean };

/** Longer than any that a person writes; bounds the depth of its parentheses too. */
export const MAX_HOP_SEQUENCE = 1024;
const MAX_INTERFACE = 65_535;

/** @throws HopSequenceError */
export function parseHopSequence(text: string): HopSequence {
  if (text.length > MAX_HOP_SEQUENCE) throw new HopSequenceError(`is longer than ${MAX_HOP_SEQUENCE} characters`);
  const parser = new Parser(text.match(/[()|?*+]|[^\s()|?*+]+/g) ?? []);
  return { text, root: parser.whole() };
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const all = this.#either();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw new HopSequenceError(`"${rest}" stands where nothing can stand`);
    return all;
  }

  #either(): Expression {
    const parts = [this.#then()];
    while (this.#tokens[this.#at] === '|') {
      this.#at += 1;
      parts.push(this.#then());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'either', parts };
  }

  #then(): Expression {
    const parts: Expression[] = [];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next === ')' || next === '|') break;
      parts.push(this.#repeated());
    }
    if (parts.length === 0) throw new HopSequenceError('a hop is missing');
    return parts.length === 1 ? parts[0]! : { kind: 'then', parts };
  }

  #repeated(): Expression {
    let part = this.#single();
    for (;;) {
      const operator = this.#tokens[this.#at];
      if (operator !== '?' && operator !== '*' && operator !== '+') return part;
      this.#at += 1;
      part = { kind: 'repeat', part, least: operator === '+' ? 1 : 0, many: operator !== '?' };
    }
  }

  #single(): Expression {
    const token = this.#tokens[this.#at++] ?? '';
    if (/^[|?*+)]$/.test(token)) throw new HopSequenceError(`"${token}" has no hop before it`);
    if (token !== '(') return { kind: 'hop', hop: parseHop(token) };
    const inside = this.#either();
    if (this.#tokens[this.#at++] !== ')') throw new HopSequenceError('a parenthesis is not closed');
    return inside;
  }
}

function parseHop(token: string): HopPredicate {
  const [as = '', list, ...more] = token.split('#');
  const interfaces = list === undefined ? [] : list.split(',').map((each) => (/^\d{1,5}$/.test(each) ? +each : -1));
  const wrong = interfaces.length > 2 || interfaces.some((each) => each < 0 || each > MAX_INTERFACE);
  if (more.length > 0 || wrong) throw new HopSequenceError(`"${token}" has interfaces that cannot be read`);
  const [isd = '', asn, ...rest] = as.split('-');
  const isdNumber = /^\d{1,5}$/.test(isd) ? Number(isd) : -1;
  if (isdNumber < 0 || isdNumber > 65_535 || rest.length > 0)
    throw new HopSequenceError(`"${token}" begins with no ISD`);
  if (asn === undefined && list !== undefined) throw new HopSequenceError(`"${token}" has interfaces, but no AS`);
  // 0 is no AS of a path, only a wildcard.
  if (asn === undefined || asn === '0') return { isd: isdNumber, interfaces };
  try {
    return { isd: isdNumber, as: parseAs(asn), interfaces };
  } catch {
    throw new HopSequenceError(`"${token}" names no AS`);
  }
}

/** Whether the whole path is such a sequence. Takes time in proportion to the path's length times the sequence's. */
export function matchesSequence({ root }: HopSequence, hops: readonly PathHop[]): boolean {
  return after(root, hops, new Set([0])).has(hops.length);
}

/** Where in the path one can be after the expression, having been at one of `starts` (number of hops behind). */
function after(expression: Expression, hops: readonly PathHop[], starts: ReadonlySet<number>): Set<number> {
  switch (expression.kind) {
    case 'hop':
      return new Set(
        [...starts].filter((at) => at < hops.length && fits(expression.hop, hops[at]!)).map((at) => at + 1),
      );
    case 'then':
      return expression.parts.reduce((at, part) => after(part, hops, at), new Set(starts));
    case 'either':
      return new Set(expression.parts.flatMap((part) => [...after(part, hops, starts)]));
    case 'repeat': {
      const reached = new Set(expression.least === 0 ? starts : []);
      let from: ReadonlySet<number> = starts;
      do {
        const next = [...after(expression.part, hops, from)].filter((at) => !reached.has(at));
        for (const at of next) reached.add(at);
        from = new Set(next);
      } while (expression.many && from.size > 0);
      return reached;
    }
  }
}

function fits({ isd, as, interfaces }: HopPredicate, { ia, ingress, egress }: PathHop): boolean {
  if ((isd !== 0 && isd !== isdOf(ia)) || (as !== undefined && as !== asOf(ia))) return false;
  const [first = 0, second] = interfaces;
  if (second === undefined) return first === 0 || first === ingress || first === egress;
  return (first === 0 || first === ingress) && (second === 0 || second === egress);
}

/** The rates of a lab as lines of text that fit a terminal. Pure. */
import { styleText } from 'node:util';
import type { PathRate, PlaceRate, Rates, WireRate } from './top-rates.ts';

export interface Screen {
  /** Both Infinity where the output is no terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

interface Cell {
  readonly text: string;
  readonly alarm?: boolean;
}

interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns whose text stands at the left; numbers stand at the right. */
  readonly left: readonly number[];
}

/** Title, blank line, head and one row: less shows nothing. */
const LEAST_ROWS = 4;

/** At most `rows` lines of at most `columns` characters. */
export function screenOf(title: string, rates: Rates, screen: Screen): string[] {
  const sections = [wireSection(rates.wires), placeSection(rates.places), pathSection(rates.paths)].filter(
    ({ rows }) => rows.length > 0,
  );
  const room = shareRows(
    sections.map(({ rows }) => rows.length + LEAST_ROWS - 1),
    screen.rows - 1,
  );
  const lines = sections.flatMap((section, index) => sectionLines(section, room[index] ?? 0, screen));
  return [bold(cut(title, screen.columns), screen), ...lines];
}

/** As many rows as each wants; where that is too much, none gets more than it needs and the rest is shared equally. */
export function shareRows(wanted: readonly number[], available: number): number[] {
  const given = wanted.map(() => 0);
  let open = wanted.map((_, index) => index);
  let left = available;
  while (open.length > 0) {
    const share = Math.floor(left / open.length);
    const content = open.filter((index) => wanted[index]! <= share);
    for (const index of content.length > 0 ? content : open) {
      given[index] = Math.min(wanted[index]!, share);
      left -= given[index];
    }
    open = content.length > 0 ? open.filter((index) => !content.includes(index)) : [];
  }
  return given;
}

function wireSection(wires: readonly WireRate[]): Section {
  return {
    title: 'Wires',
    head: ['a', 'b', 'a→b Mbit/s', 'packets/s', 'lost/s', 'b→a Mbit/s', 'packets/s', 'lost/s'],
    left: [0, 1],
    rows: wires.map(({ ends: [a, b], ab, ba }) => [
      { text: a },
      { text: b },
      ...[ab, ba].flatMap((way): Cell[] => [
        { text: (way.bits / 1e6).toFixed(way.bits < 1e7 ? 2 : 0) },
        { text: whole(way.packets) },
        { text: whole(way.dropped), alarm: way.dropped > 0 },
      ]),
    ]),
  };
}

function placeSection(places: readonly PlaceRate[]): Section {
  return {
    title: 'SCION routers and nodes, packets/s',
    head: ['where', 'forwarded', 'sent', 'delivered', 'dropped', 'why'],
    left: [0, 5],
    rows: places.map(({ place, forwarded, sent, delivered, dropped }) => {
      const reasons = Object.entries(dropped).toSorted(([, x], [, y]) => y - x);
      const sum = reasons.reduce((all, [, rate]) => all + rate, 0);
      return [
        { text: place },
        { text: whole(forwarded) },
        { text: whole(sent) },
        { text: whole(delivered) },
        { text: whole(sum), alarm: sum > 0 },
        { text: reasons.map(([reason, rate]) => `${reason} ${whole(rate)}`).join(', '), alarm: true },
      ];
    }),
  };
}

function pathSection(paths: readonly PathRate[]): Section {
  return {
    title: 'Paths from node to node',
    head: ['from', 'to', 'rank', 'packets/s', 'state', 'round trip ms', 'through'],
    left: [0, 1, 4, 6],
    rows: paths.map(({ from, to, rank, packets, state, rttMs, via }) => [
      { text: from },
      { text: to },
      { text: String(rank + 1) },
      { text: whole(packets) },
      { text: state, alarm: state === 'silent' || state === 'down' || state === 'expired' },
      { text: rttMs === null ? '' : rttMs.toFixed(2) },
      { text: via },
    ]),
  };
}

/** Small rates keep a digit: one packet in two seconds is not nothing. */
function whole(rate: number): string {
  return rate > 0 && rate < 10 && !Number.isInteger(rate) ? rate.toFixed(1) : rate.toFixed(0);
}

function sectionLines({ title, head, rows, left }: Section, room: number, screen: Screen): string[] {
  if (room < LEAST_ROWS) return [];
  const fits = rows.length <= room - LEAST_ROWS + 1;
  // The last line says how many do not fit.
  const shown = fits ? rows : rows.slice(0, Math.max(0, room - LEAST_ROWS));
  const widths = head.map((text, column) => Math.max(text.length, ...shown.map((row) => row[column]!.text.length)));
  const line = (cells: readonly Cell[]) => {
    const texts = cells.map(({ text }, column) =>
      left.includes(column) ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
    );
    return paint(texts, cells, screen);
  };
  return [
    '',
    bold(cut(title, screen.columns), screen),
    dim(cut(line(head.map((text) => ({ text }))), screen.columns), screen),
    ...shown.map(line),
    ...(fits ? [] : [dim(cut(`… and ${rows.length - shown.length} more`, screen.columns), screen)]),
  ];
}

/** Joins cells, cut to the terminal's width before any colour is added. */
function paint(texts: readonly string[], cells: readonly Cell[], { columns, colour }: Screen): string {
  let room = columns;
  const parts = texts.map((text, column) => {
    const full = column === 0 ? text : `  ${text}`;
    const part = column === texts.length - 1 ? cut(full.trimEnd(), room) : cut(full, room);
    room -= part.length;
    return colour && cells[column]?.alarm === true && part.trim() !== ''
      ? styleText('red', part, { validateStream: false })
      : part;
  });
  return parts.join('');
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, Math.max(0, length));
}

function bold(text: string, { colour }: Screen): string {
  return colour ? styleText('bold', text, { validateStream: false }) : text;
}

function dim(text: string, { colour }: Screen): string {
  return colour ? styleText('dim', text, { validateStream: false }) : text;
}

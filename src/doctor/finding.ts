/** What `cilion doctor` says of one thing. */

/** Missing and needed by every run, missing and needed by some, or as it should be. */
export type Status = 'needed' | 'optional' | 'ok';

export interface Finding {
  /** Under which heading it stands. */
  readonly group: string;
  readonly status: Status;
  /** What was looked at and found, as a phrase. */
  readonly what: string;
  /** What does not work without it; absent where nothing is missing. */
  readonly without?: string;
  /** What to do about it: a command where there is one. */
  readonly fix?: string;
}

/** Judgements under one heading. */
export class Group {
  readonly findings: Finding[] = [];
  readonly #title: string;

  constructor(title: string) {
    this.#title = title;
  }

  ok(what: string): void {
    this.findings.push({ group: this.#title, status: 'ok', what });
  }

  optional(what: string, without: string, fix: string): void {
    this.findings.push({ group: this.#title, status: 'optional', what, without, fix });
  }

  needed(what: string, without: string, fix: string): void {
    this.findings.push({ group: this.#title, status: 'needed', what, without, fix });
  }

  /** `ok` with the first phrase where it holds; else missing, with the rest. */
  judge(status: Exclude<Status, 'ok'>, holds: boolean, good: string, bad: readonly [string, string, string]): void {
    if (holds) this.ok(good);
    else this[status](...bad);
  }
}

const MARKS: Readonly<Record<Status, string>> = { ok: '✓', optional: '!', needed: '✗' };

/** The findings for people, under their headings; ends with what they amount to. */
export function formatFindings(findings: readonly Finding[]): string {
  const lines: string[] = [];
  let group = '';
  for (const finding of findings) {
    if (finding.group !== group) lines.push(...(group === '' ? [] : ['']), finding.group);
    group = finding.group;
    const without = finding.without === undefined ? '' : `: ${finding.without}`;
    lines.push(`  ${MARKS[finding.status]} ${finding.what}${without}`);
    if (finding.fix !== undefined) lines.push(`      → ${finding.fix}`);
  }
  return `${lines.join('\n')}\n\n${conclusion(findings)}\n`;
}

function conclusion(findings: readonly Finding[]): string {
  const count = (wanted: Status) => findings.filter(({ status }) => status === wanted).length;
  const needed = count('needed');
  const optional = count('optional');
  const rest = optional === 0 ? '' : `; ${optional} ${optional === 1 ? 'thing' : 'things'} could be better (!)`;
  if (needed === 0) return `this machine has all that a run needs${rest}`;
  return `a run needs ${needed === 1 ? 'one thing' : `${needed} things`} that this machine lacks (✗)${rest}`;
}

/** HTML and SVG that cannot be broken by what files hold: whatever is put into a template is escaped unless it is Markup. */

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Content = string | number | Markup | null | undefined | readonly Content[];

/** `markup`<b>${anything}</b>``: strings and numbers are escaped, arrays joined, null and undefined are nothing. */
export function markup(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(parts.map((part, i) => part + render(contents[i])).join(''));
}

/** Text as it may stand in HTML, also inside a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(content: Content): string {
  if (content === null || content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  return content.map(render).join('');
}

// The lines of a text as the browser broke them.
import { around } from './svg';

export interface Line {
  readonly text: string;
  readonly rect: DOMRect;
}

/** The lines that a text is broken into, each with its place; white space that takes no room is left out. */
export function linesOf(text: Text): Line[] {
  const begin = text.data.search(/\S/);
  if (begin < 0) return [];
  const end = text.data.trimEnd().length;
  const range = document.createRange();
  const between = (from: number, to: number) => {
    range.setStart(text, from);
    range.setEnd(text, to);
    return range.getClientRects();
  };
  const whole = between(begin, end);
  if (whole.length === 1 && whole[0]) return [{ text: plain(text.data.slice(begin, end)), rect: whole[0] }];
  const lines: { from: number; to: number; rect: DOMRect }[] = [];
  for (let at = begin; at < end; ) {
    const to = at + String.fromCodePoint(text.data.codePointAt(at) ?? 0).length;
    const [rect] = between(at, to);
    if (rect && (rect.width > 0 || rect.height > 0) && /\S/.test(text.data.slice(at, to))) {
      const last = lines.at(-1);
      if (last && follows(last.rect, rect)) {
        last.to = to;
        last.rect = union(last.rect, rect);
      } else lines.push({ from: at, to, rect });
    }
    at = to;
  }
  return lines.map(({ from, to, rect }) => ({ text: plain(text.data.slice(from, to)), rect }));
}

/** Whether two boxes share a line, upright or turned. */
function follows(line: DOMRect, next: DOMRect): boolean {
  const level = Math.abs(line.top - next.top) < 1 && Math.abs(line.bottom - next.bottom) < 1;
  const below = Math.abs(line.left - next.left) < 1 && Math.abs(line.right - next.right) < 1;
  return level || (below && (Math.abs(line.bottom - next.top) < 1 || Math.abs(line.top - next.bottom) < 1) && line.height > 0 && next.width >= next.height * 1.2);
}

function union(a: DOMRect, b: DOMRect): DOMRect {
  const { x, y, width, height } = around([a, b]);
  return new DOMRect(x, y, width, height);
}

/** White space as a line of text shows it. */
export function plain(text: string): string {
  return text.replace(/[ \t\n\r]+/g, ' ');
}

// SVG as text: every string is escaped here, so that nothing of a record can become markup in a saved picture.

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
// What XML 1.0 cannot hold in any spelling: control characters, lone surrogates, two noncharacters.
const UNHELD = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const LONGEST_NAME = 60;

/** Text as XML spells it; a character that no XML file can hold becomes U+FFFD. */
export function escaped(text: string): string {
  return text.replace(UNHELD, '\ufffd').replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}

/** An element; attributes without a value are left out, numbers are rounded to hundredths. `inside` is SVG already. */
export function element(name: string, attributes: Attributes, inside = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(String(value))}"`)
    .join('');
  return inside ? `<${name}${written}>${inside}</${name}>` : `<${name}${written}/>`;
}

/** A file of its own that shows `box` of what is inside, on `ground`. */
export function svgFile(box: Rect, ground: string, attributes: Attributes, inside: string): string {
  const { x, y, width, height } = box;
  const paper = element('rect', { ...box, fill: ground });
  const viewBox = [x, y, width, height].map(round).join(' ');
  const xmlns = 'http://www.w3.org/2000/svg';
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('svg', { xmlns, width, height, viewBox, ...attributes }, paper + inside)}\n`;
}

/** "score-my-model.svg": the view and the last part of the model's name, without what a file name cannot hold. */
export function fileName(view: string, model: string): string {
  const last = model.split(/[/\\]/).filter(Boolean).at(-1) ?? '';
  const plain = last.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  const short = [...plain].slice(0, LONGEST_NAME).join('').replace(/^[.-]+|[.-]+$/g, '');
  return `${short ? `${view}-${short}` : view}.svg`;
}

/** The smallest box round all. */
export function around(boxes: readonly Rect[]): Rect {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

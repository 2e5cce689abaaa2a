// What CSS paints of a box, as SVG: colour, gradients, shadows without blur, borders, outline. Sizes are in pixels.
import { apart, gradientsOf, lineOf } from './gradient';
import { element, type Attributes, type Rect } from './svg';

export type Style = CSSStyleDeclaration;
/** Which ends of an inline box, broken over lines, this piece has. */
export interface Ends {
  readonly first: boolean;
  readonly last: boolean;
}

type Side = 'Top' | 'Right' | 'Bottom' | 'Left';
const SIDES: readonly Side[] = ['Top', 'Right', 'Bottom', 'Left'];

/** All that is painted of the box before its contents, and around it; gradients are named after `name`. */
export function boxed(box: Rect, style: Style, name: string, ends: Ends = { first: true, last: true }): string {
  if (box.width === 0 || box.height === 0) return '';
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2) || undefined;
  const widths = SIDES.map((side) => borderOf(side, style, ends));
  const padding = within(box, widths);
  const colour = seen(style.backgroundColor) ? element('rect', { ...box, rx: radius, ...ink('fill', style.backgroundColor) }) : '';
  return [
    shadows(box, style, false),
    colour,
    layers(padding, style, name, radius),
    shadows(padding, style, true),
    borders(box, style, widths, radius),
    outline(box, style),
  ].join('');
}

/** `fill` or `stroke`, with its opacity, as every reader of SVG knows them: `#rrggbb`. */
export function ink(kind: 'fill' | 'stroke', css: string): Attributes {
  const { color, alpha } = inkOf(css);
  return { [kind]: color, [`${kind}-opacity`]: alpha < 1 ? alpha : undefined };
}

export function inkOf(css: string): { color: string; alpha: number } {
  const [, kind, inside] = /^(rgba?|color)\((.*)\)$/.exec(css) ?? [];
  if (inside === undefined) return { color: css, alpha: 1 };
  const [r = 0, g = 0, b = 0, alpha = 1] = (inside.match(/(?<![\w.])[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  const levels = kind === 'color' ? [r, g, b].map((part) => 255 * part) : [r, g, b];
  const hex = levels.map((level) => Math.round(Math.min(Math.max(level, 0), 255)).toString(16).padStart(2, '0'));
  return { color: `#${hex.join('')}`, alpha };
}

export function seen(color: string): boolean {
  return color !== '' && color !== 'transparent' && inkOf(color).alpha > 0;
}

/** A line in a border's style from one point to another. */
export function stroke(kind: string, color: string, width: number, [x1, y1, x2, y2]: readonly number[]): string {
  // a browser draws dots as long as they are thick, and dashes of twice that (three times, where thin)
  const dashes = { dotted: [0, 2 * width], dashed: [(width < 3 ? 3 : 2) * width, (width < 3 ? 2 : 1) * width] }[kind];
  const cap = kind === 'dotted' ? 'round' : undefined;
  const worn = { ...ink('stroke', color), 'stroke-width': width, 'stroke-dasharray': dashes?.join(' '), 'stroke-linecap': cap };
  return element('line', { x1, y1, x2, y2, ...worn });
}

function borderOf(side: Side, style: Style, ends: Ends): number {
  if (side === 'Left' && !ends.first) return 0;
  if (side === 'Right' && !ends.last) return 0;
  return style[`border${side}Style`] === 'none' ? 0 : parseFloat(style[`border${side}Width`]) || 0;
}

function within({ x, y, width, height }: Rect, [top = 0, right = 0, bottom = 0, left = 0]: readonly number[]): Rect {
  return { x: x + left, y: y + top, width: width - left - right, height: height - top - bottom };
}

/** Gradients along a line. The shadows of a part that scrolls (fixed to its contents) are signs of the screen only. */
function layers(box: Rect, style: Style, name: string, radius: number | undefined): string {
  if (style.backgroundImage === 'none' || style.backgroundAttachment.includes('local')) return '';
  const [sizes, places] = [apart(style.backgroundSize), apart(style.backgroundPosition)];
  const drawn = gradientsOf(style.backgroundImage).map((gradient, index) => {
    if (!gradient) return '';
    const area = placed(box, sizes[index % sizes.length] ?? 'auto', places[index % places.length] ?? '0% 0%');
    const { stops, ...ends } = lineOf(gradient, area);
    const id = `${name}-${index}`;
    const colors = stops.map(({ color, offset }) => {
      const { color: name, alpha } = inkOf(color);
      return element('stop', { offset: String(offset), 'stop-color': name, 'stop-opacity': alpha < 1 ? alpha : undefined });
    });
    const spread = gradient.repeating ? 'repeat' : undefined;
    const attributes = { id, gradientUnits: 'userSpaceOnUse', ...ends, spreadMethod: spread };
    return element('linearGradient', attributes, colors.join('')) + element('rect', { ...area, rx: radius, fill: `url(#${id})` });
  });
  return drawn.reverse().join('');
}

/** Where a layer of a background lies; shares of a position are shares of the room that is left. */
function placed(box: Rect, size: string, position: string): Rect {
  const [w = 'auto', h = 'auto'] = size.split(' ');
  const [px = '0%', py = '0%'] = position.split(' ');
  const [width, height] = [lengthOf(w, box.width) ?? box.width, lengthOf(h, box.height) ?? box.height];
  const at = (from: number, room: number, place: string) => from + (lengthOf(place, room) ?? 0);
  return { x: at(box.x, box.width - width, px), y: at(box.y, box.height - height, py), width, height };
}

function lengthOf(text: string, whole: number): number | undefined {
  if (text === 'auto') return undefined;
  return text.endsWith('%') ? (parseFloat(text) / 100) * whole : parseFloat(text);
}

function shadows(box: Rect, style: Style, inset: boolean): string {
  if (style.boxShadow === 'none') return '';
  const drawn = apart(style.boxShadow).map((shadow) => {
    const [, color = '', lengths = '', inner] = /^(.*?) ((?:-?[\d.]+px ?)+)(inset)?$/.exec(shadow) ?? [];
    const [dx = 0, dy = 0, blur = 0, spread = 0] = lengths.trim().split(' ').map(parseFloat);
    if (blur > 0 || inset !== (inner !== undefined) || !seen(color)) return '';
    const grown = inset ? -spread : spread;
    const moved = { x: box.x + dx - grown, y: box.y + dy - grown, width: box.width + 2 * grown, height: box.height + 2 * grown };
    const ring = inset ? frame(box, common(box, moved)) : frame(moved, box);
    return element('path', { d: ring, ...ink('fill', color), 'fill-rule': 'evenodd' });
  });
  return drawn.reverse().join('');
}

function frame(outer: Rect, inner: Rect): string {
  const path = ({ x, y, width, height }: Rect) => `M${x} ${y}h${width}v${height}h${-width}z`;
  return path(outer) + path(inner);
}

function common(a: Rect, b: Rect): Rect {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const [right, bottom] = [Math.min(a.x + a.width, b.x + b.width), Math.min(a.y + a.height, b.y + b.height)];
  return { x, y, width: Math.max(right - x, 0), height: Math.max(bottom - y, 0) };
}

function borders(box: Rect, style: Style, widths: readonly number[], radius: number | undefined): string {
  const [top = 0, right = 0, bottom = 0, left = 0] = widths;
  if (top && [right, bottom, left].every((width) => width === top) && style.borderTopStyle === 'solid') {
    const line = { ...within(box, widths.map((width) => width / 2)), rx: radius && Math.max(radius - top / 2, 0) };
    return seen(style.borderTopColor) ? element('rect', { ...line, fill: 'none', ...ink('stroke', style.borderTopColor), 'stroke-width': top }) : '';
  }
  const [x, y, end, foot] = [box.x, box.y, box.x + box.width, box.y + box.height];
  const lines: [Side, number, Rect, number[]][] = [
    ['Top', top, { ...box, height: top }, [x, y + top / 2, end, y + top / 2]],
    ['Right', right, { ...box, x: end - right, width: right }, [end - right / 2, y, end - right / 2, foot]],
    ['Bottom', bottom, { ...box, y: foot - bottom, height: bottom }, [x, foot - bottom / 2, end, foot - bottom / 2]],
    ['Left', left, { ...box, width: left }, [x + left / 2, y, x + left / 2, foot]],
  ];
  const drawn = lines.filter(([side, width]) => width && seen(style[`border${side}Color`]));
  return drawn
    .map(([side, width, strip, points]) => {
      const [kind, color] = [style[`border${side}Style`], style[`border${side}Color`]];
      return kind === 'solid' ? element('rect', { ...strip, ...ink('fill', color) }) : stroke(kind, color, width, points);
    })
    .join('');
}

function outline(box: Rect, style: Style): string {
  const width = parseFloat(style.outlineWidth) || 0;
  if (style.outlineStyle === 'none' || !width || !seen(style.outlineColor)) return '';
  const out = (parseFloat(style.outlineOffset) || 0) + width / 2;
  const line = { x: box.x - out, y: box.y - out, width: box.width + 2 * out, height: box.height + 2 * out };
  const dashes = { dotted: `${width} ${width}`, dashed: `${3 * width} ${2 * width}` }[style.outlineStyle];
  return element('rect', { ...line, fill: 'none', ...ink('stroke', style.outlineColor), 'stroke-width': width, 'stroke-dasharray': dashes });
}

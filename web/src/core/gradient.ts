// CSS's gradients along a line, as SVG's: read from a computed style, which names every stop with its place.

export interface Stop {
  readonly color: string;
  /** Where the stop lies: pixels along the line, or a share of it. */
  readonly at: number;
  readonly unit: 'px' | '%';
}

export interface Gradient {
  readonly repeating: boolean;
  /** Degrees, clockwise from straight up. */
  readonly angle: number;
  readonly stops: readonly Stop[];
}

/** The ends of an SVG gradient in user space, and its stops between them. */
export interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly stops: readonly { readonly color: string; readonly offset: number }[];
}

const SIDES: Record<string, number> = { top: 0, right: 90, bottom: 180, left: 270 };

/** The layers of a `background-image`, in CSS's order: null for one that is no gradient along a line. */
export function gradientsOf(image: string): (Gradient | null)[] {
  return image === 'none' ? [] : apart(image).map(gradientOf);
}

/** Parts between commas that no bracket holds. */
export function apart(list: string): string[] {
  const parts: string[] = [];
  for (const piece of list.split(',')) {
    const last = parts.at(-1);
    if (last !== undefined && last.split('(').length > last.split(')').length) parts[parts.length - 1] = `${last},${piece}`;
    else parts.push(piece.trim());
  }
  return parts;
}

function gradientOf(layer: string): Gradient | null {
  const [, repeating, inside] = /^(repeating-)?linear-gradient\((.*)\)$/.exec(layer) ?? [];
  if (inside === undefined) return null;
  const parts = apart(inside);
  const [, degrees, side] = /^(?:(-?[\d.]+)deg|to (\w+))$/.exec(parts[0] ?? '') ?? [];
  const angle = degrees !== undefined ? Number(degrees) : SIDES[side ?? 'bottom'];
  const stops = parts.slice(degrees ?? side ? 1 : 0).map((part, index, all) => stopOf(part, index, all.length));
  return angle === undefined || stops.some((stop) => stop === null)
    ? null
    : { repeating: repeating !== undefined, angle, stops: stops as Stop[] };
}

function stopOf(part: string, index: number, count: number): Stop | null {
  const [, color, at, unit] = /^(.*?)(?: (-?[\d.]+)(px|%))?$/.exec(part) ?? [];
  if (!color) return null;
  if (at !== undefined) return { color, at: unit === '%' ? Number(at) / 100 : Number(at), unit: unit as 'px' | '%' };
  return index === 0 || index === count - 1 ? { color, at: index === 0 ? 0 : 1, unit: '%' } : null;
}

/** CSS's gradient line of a box (its corners lie at the ends' perpendiculars), as SVG wants it. */
export function lineOf(gradient: Gradient, box: { x: number; y: number; width: number; height: number }): Line {
  const angle = (gradient.angle * Math.PI) / 180;
  const [dx, dy] = [Math.sin(angle), -Math.cos(angle)];
  const length = Math.abs(box.width * dx) + Math.abs(box.height * dy);
  const places = gradient.stops.map(({ at, unit }) => (unit === '%' ? at * length : at));
  const [from, to] = gradient.repeating ? [places[0] ?? 0, places.at(-1) ?? length] : [0, length];
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const point = (along: number) => [middle.x + dx * (along - length / 2), middle.y + dy * (along - length / 2)] as const;
  const [[x1, y1], [x2, y2]] = [point(from), point(to)];
  const stops = gradient.stops.map(({ color }, index) => ({ color, offset: (places[index]! - from) / (to - from || 1) }));
  return { x1, y1, x2, y2, stops };
}

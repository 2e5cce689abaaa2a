// Points in the plane: where they fall on the screen, which is near, which is inside. Points lie in one array, x0 y0 x1 y1 ...

import type { MapSketch } from '../records';

export interface View {
  readonly width: number;
  readonly height: number;
  /** CSS pixels per unit of the map, the same on both axes. */
  readonly scale: number;
  /** What lies in the middle of the picture, in units of the map. */
  readonly x: number;
  readonly y: number;
}

export interface Extent {
  readonly x: number;
  readonly y: number;
  /** Half of the longer side. */
  readonly half: number;
  /** Height over width of what the points fill, at most 1 and at least what a picture can be read in. */
  readonly tall: number;
}

const MARGIN = 0.94;
const FLATTEST = 0.5;

/** The map's coordinates as numbers. */
export function coordinatesOf(map: MapSketch): Float32Array {
  const { low, high, coordinates } = map;
  const found = new Float32Array(coordinates.data.length);
  for (let i = 0; i < found.length; i++) {
    const axis = i & 1;
    found[i] = low.data[axis]! + (coordinates.data[i]! / 65535) * (high.data[axis]! - low.data[axis]!);
  }
  return found;
}

/** What holds all maps, so that nothing jumps when one turns into another. */
export function extentOf(maps: readonly MapSketch[]): Extent {
  const bound = (axis: 0 | 1) =>
    [Math.min(...maps.map(({ low }) => low.data[axis]!)), Math.max(...maps.map(({ high }) => high.data[axis]!))] as const;
  const [[left, right], [bottom, top]] = [bound(0), bound(1)];
  const half = Math.max(right - left, top - bottom) / 2 || 1;
  const tall = Math.max((top - bottom) / 2 / half, FLATTEST);
  return { x: (left + right) / 2, y: (bottom + top) / 2, half, tall };
}

/** All of the extent in a picture of its proportions, or part of it: `panX` and `panY`, 0 to 1, say which lies in the middle. */
export function viewOf(
  extent: Extent,
  size: { width: number; height: number },
  { zoom, panX, panY }: { zoom: number; panX: number; panY: number },
): View {
  const scale = ((Math.max(size.width, size.height) / 2) * MARGIN * zoom) / extent.half;
  const shift = (pan: number) => (2 * pan - 1) * extent.half;
  return { ...size, scale, x: extent.x + shift(panX), y: extent.y + shift(panY) };
}

/** CSS pixels from the picture's upper left corner. */
export function toScreen(points: Float32Array, view: View): Float32Array {
  const found = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    found[i] = view.width / 2 + (points[i]! - view.x) * view.scale;
    found[i + 1] = view.height / 2 - (points[i + 1]! - view.y) * view.scale;
  }
  return found;
}

/** Part of the way from one map to another. */
export function between(from: Float32Array, to: Float32Array, share: number): Float32Array {
  if (share >= 1) return to;
  return from.map((value, i) => value + (to[i]! - value) * share);
}

/** The point that is nearest to (x, y), at most `most` away; -1 when there is none. */
export function nearest(points: Float32Array, x: number, y: number, most: number): number {
  let best = most * most;
  let found = -1;
  for (let i = 0; i < points.length; i += 2) {
    const apart = (points[i]! - x) ** 2 + (points[i + 1]! - y) ** 2;
    if (apart <= best) [best, found] = [apart, i / 2];
  }
  return found;
}

/** The nearest point within 45 degrees of a direction, or the point itself when nothing lies there. */
export function towards(points: Float32Array, from: number, [down, right]: readonly [number, number]): number {
  let [best, found] = [Infinity, from];
  for (let i = 0; i < points.length / 2; i++) {
    const [x, y] = [points[2 * i]! - points[2 * from]!, points[2 * i + 1]! - points[2 * from + 1]!];
    const along = x * right + y * down;
    const across = Math.abs(x * down) + Math.abs(y * right);
    const apart = x * x + y * y;
    if (along > 0 && across <= along && apart < best) [best, found] = [apart, i];
  }
  return found;
}

/** The points inside a closed line (even-odd rule). */
export function inside(points: Float32Array, line: readonly number[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.length / 2; i++) {
    if (isInside(points[2 * i]!, points[2 * i + 1]!, line)) found.push(i);
  }
  return found;
}

function isInside(x: number, y: number, line: readonly number[]): boolean {
  let odd = false;
  for (let a = 0, b = line.length - 2; a < line.length; b = a, a += 2) {
    const [ax, ay, bx, by] = [line[a]!, line[a + 1]!, line[b]!, line[b + 1]!];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

/** The j-th nearest neighbour of a point in the original space. */
export function neighbourOf(map: MapSketch, point: number, j: number): number {
  const at = point * map.neighbour_low.shape[1]! + j;
  return map.neighbour_low.data[at]! + 65536 * map.neighbour_high.data[at]!;
}

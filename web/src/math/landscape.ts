// The arithmetic of a landscape: where a loss stands on the scale, what lies between measured corners, and how three
// dimensions become two. Only the corners of cells were measured; everything between them is drawn, never read off.
import { scaleLinear, scaleLog } from '../core/scales';
import type { LandscapeRecord } from '../records';

export interface LossScale {
  readonly log: boolean;
  readonly low: number;
  readonly high: number;
  /** Place in [0, 1] of a loss; NaN for one that is not a number. */
  place(loss: number): number;
  /** Round losses on the scale, about `count` of them. */
  ticks(count: number): number[];
}

// Beyond this ratio a linear scale shows one steep corner and nothing else.
const LINEAR_UP_TO = 8;

/** One scale for all surfaces, so that their colours and heights can be compared. */
export function lossScale(record: LandscapeRecord): LossScale {
  const finite = record.surfaces.flatMap(({ values }) => [...values.data]).filter(Number.isFinite);
  const [low, high] = finite.reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [Infinity, -Infinity]);
  if (!(low <= high)) return { log: false, low: NaN, high: NaN, place: () => NaN, ticks: () => [] };
  const log = low > 0 && high / low > LINEAR_UP_TO;
  const top = high > low ? high : low + 1;
  const scale = log ? scaleLog([low, top], [0, 1]) : scaleLinear([low, top], [0, 1]);
  const place = (loss: number) => (Number.isFinite(loss) ? Math.min(Math.max(scale(loss), 0), 1) : NaN);
  return { log, low, high, place, ticks: (count) => roundLosses(scale.ticks(count), count, log) };
}

/** Of a logarithmic scale's many ticks those that begin with 1, 2 or 5, if that is enough. */
function roundLosses(ticks: number[], count: number, log: boolean): number[] {
  if (!log || ticks.length <= count) return ticks;
  const round = ticks.filter((tick) => /^[125]/.test(tick.toExponential()));
  return round.length >= 3 ? round : ticks;
}

/** The smallest cells last, so that what is measured more finely is drawn over what is not. */
export function cellsBySize(record: LandscapeRecord): Int32Array[] {
  const corners = record.cells.shape[1]!;
  const cells = Array.from({ length: record.cells.shape[0]! }, (_, i) =>
    record.cells.data.subarray(i * corners, (i + 1) * corners),
  );
  const width = (cell: Int32Array) => coordinate(record, cell[corners - 1]!, 0) - coordinate(record, cell[0]!, 0);
  return cells.sort((a, b) => width(b) - width(a));
}

/**
 * The points around every cell, in order: its corners, and the corners of finer cells that lie on its edges. A surface
 * made of these facets has no gaps: each edge belongs to two of them, or to one at the frame.
 */
export function outlines(record: LandscapeRecord): number[][] {
  const corners = new Set(record.cells.data);
  const lines = [0, 1].map((axis) => {
    const along = new Map<number, number[]>();
    for (const point of corners) {
      const place = coordinate(record, point, axis);
      along.set(place, [...(along.get(place) ?? []), point]);
    }
    return along;
  }) as [Map<number, number[]>, Map<number, number[]>];

  /** From corner a to corner b along the line on which `axis` stays the same; without b. */
  function side(a: number, b: number, axis: 0 | 1): number[] {
    const at = (point: number) => coordinate(record, point, 1 - axis);
    const [from, to] = [at(a), at(b)];
    const between = lines[axis].get(coordinate(record, a, axis))!.filter((point) => (at(point) - from) * (at(point) - to) < 0);
    return [a, ...between.sort((p, q) => (at(p) - at(q)) * Math.sign(to - from))];
  }

  return Array.from({ length: record.cells.shape[0]! }, (_, i) => {
    const [low, up, right, far] = record.cells.data.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return [...side(low, up, 0), ...side(up, far, 1), ...side(far, right, 0), ...side(right, low, 1)];
  });
}

export function coordinate(record: LandscapeRecord, point: number, axis: number): number {
  return record.points.data[point * record.points.shape[1]! + axis]!;
}

/** How long the frame is along an axis, on the picture: to scale, but for models that lie too unequally far apart. */
export function spanOf(record: LandscapeRecord, axis: number): number {
  const span = record.high.data[axis]! - record.low.data[axis]!;
  return record.kind === 'between' ? span : span * record.axis_norms.data[axis]!;
}

/** From a coordinate of the record to a share of the frame, 0 to 1. */
export function shareOf(record: LandscapeRecord, value: number, axis: number): number {
  const [low, high] = [record.low.data[axis]!, record.high.data[axis]!];
  return (value - low) / (high - low);
}

/**
 * Places [rows, columns] on the scale at a grid's nodes (or pixels' centres), row 0 at the top: in every cell the
 * mean of its four corners' places, weighted by nearness.
 */
export function between(record: LandscapeRecord, surface: number, scale: LossScale, size: readonly [number, number], centres: boolean): Float64Array {
  const [rows, columns] = size;
  const shift = centres ? 0.5 : 0;
  const steps = centres ? [columns, rows] : [columns - 1, rows - 1];
  const values = record.surfaces[surface]!.values.data;
  const grid = new Float64Array(rows * columns).fill(NaN);
  for (const cell of cellsBySize(record)) {
    const places = [...cell].map((point) => scale.place(values[point]!)) as [number, number, number, number];
    const span = (axis: number) => [cell[0]!, cell[3]!].map((point) => shareOf(record, coordinate(record, point, axis), axis) * steps[axis]!) as [number, number];
    const [[left, right], [bottom, top]] = [span(0), span(1)];
    for (let y = Math.ceil(bottom - shift - 1e-9); y + shift <= top + 1e-9 && y < rows; y++) {
      for (let x = Math.ceil(left - shift - 1e-9); x + shift <= right + 1e-9 && x < columns; x++) {
        const [u, v] = [(x + shift - left) / (right - left), (y + shift - bottom) / (top - bottom)];
        const low = places[0] * (1 - v) + places[1] * v;
        const high = places[2] * (1 - v) + places[3] * v;
        grid[(rows - 1 - y) * columns + x] = low * (1 - u) + high * u;
      }
    }
  }
  return grid;
}

export interface Camera {
  /** Degrees around the vertical, and above the ground. */
  readonly turn: number;
  readonly tilt: number;
}

/** Depth is towards the reader. */
export interface Seen {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** A point of the box [-1/2, 1/2]^3, height last, as it is seen from afar (no perspective: lengths can be compared). */
export function project({ turn, tilt }: Camera, [a, b, height]: readonly [number, number, number]): Seen {
  const [around, above] = [(turn * Math.PI) / 180, (tilt * Math.PI) / 180];
  const x = a * Math.cos(around) - b * Math.sin(around);
  const away = a * Math.sin(around) + b * Math.cos(around);
  return {
    x,
    y: -(height * Math.cos(above) + away * Math.sin(above)),
    depth: height * Math.sin(above) - away * Math.cos(above),
  };
}

/** The measured point nearest in the direction of an arrow key; the same one where there is none. */
export function neighbour(record: LandscapeRecord, from: number, [down, right]: readonly [number, number]): number {
  const dims = record.points.shape[1]!;
  const count = record.points.shape[0]!;
  const at = (point: number) => [
    shareOf(record, coordinate(record, point, 0), 0),
    dims > 1 ? shareOf(record, coordinate(record, point, 1), 1) : 0,
  ] as const;
  const [x, y] = at(from);
  let [best, nearest] = [from, Infinity];
  for (let point = 0; point < count; point++) {
    const [dx, dy] = [at(point)[0] - x, at(point)[1] - y];
    const ahead = dims > 1 ? dx * right - dy * down : dx * (right || -down);
    const aside = dims > 1 ? Math.abs(dx * down + dy * right) : 0;
    const distance = ahead + 3 * aside;
    if (ahead > 1e-9 && aside <= ahead && distance < nearest) [best, nearest] = [point, distance];
  }
  return best;
}

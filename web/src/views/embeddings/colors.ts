// What the points are coloured by: a column's categories, its numbers, or how far a point can be believed.
import { hex, shade, type Rgb, type Theme } from '../../core/color';
import type { Key } from '../../i18n/strings';
import type { ColumnSketch, EmbeddingsSketch, MapSketch } from '../../records';

/** Colours of categories, after Okabe and Ito 2008, darkened or lightened for the paper; more would look alike. */
const PALETTE: Record<Theme, readonly string[]> = {
  light: ['#0072b2', '#d98200', '#009068', '#bf4f8b', '#5b3fa8', '#3f9bd6', '#7a6a00', '#c8401b'],
  dark: ['#4da6e0', '#f0b030', '#2fc498', '#e496bc', '#a892f0', '#9ad4f5', '#c9b84a', '#ff8a5c'],
};
const OTHERS: Record<Theme, string> = { light: '#8b929b', dark: '#737b86' };
/** The paper's end of the ramp would be invisible on paper. */
const PALEST = 0.25;
export const MEASURES = ['trustworthiness', 'continuity'] as const;
const NONE = 255;

/** A measure of the map, by a name that no column has, or the number of a column. */
export type Coloring = { readonly measure: (typeof MEASURES)[number] } | { readonly column: ColumnSketch };

export interface Entry {
  readonly name: string | null;
  readonly color: Rgb;
  readonly points: readonly number[];
}

/** What is known of a colouring by numbers: its range, and where a value lies on the ramp. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  place(value: number): number;
}

export interface Painting {
  readonly rgb: Uint8Array;
  /** The categories, commonest first; the last may stand for all others (its name is null). */
  readonly entries: readonly Entry[];
  readonly scale: Scale | null;
}

/** By the state's word: "@trustworthiness", the name of a column, or what comes first. */
export function coloringOf(record: EmbeddingsSketch, word: string): Coloring {
  const measure = MEASURES.find((name) => word === `@${name}`);
  const column = record.columns.find(({ name }) => name === word) ?? record.columns[0];
  return measure || !column ? { measure: measure ?? 'trustworthiness' } : { column };
}

export function wordOf(coloring: Coloring): string {
  return 'measure' in coloring ? `@${coloring.measure}` : coloring.column.name;
}

export const measureKey = (measure: (typeof MEASURES)[number]): Key => `embeddings_${measure}`;

export function paintBy(coloring: Coloring, map: MapSketch, theme: Theme): Painting {
  if ('measure' in coloring) {
    const values = Float32Array.from(map[coloring.measure].data, (code) => code / 255);
    return byNumbers(Number.isNaN(map.trust) ? values.fill(NaN) : values, theme, true);
  }
  const { column } = coloring;
  return column.categories.length > 0 ? byCategories(column, theme) : byNumbers(column.number.data, theme, false);
}

function byCategories(column: ColumnSketch, theme: Theme): Painting {
  const colors = PALETTE[theme].map(hex);
  const others = hex(OTHERS[theme]);
  const points: number[][] = [...column.categories.slice(0, colors.length).map(() => []), []];
  const rgb = new Uint8Array(3 * column.code.data.length);
  column.code.data.forEach((code, point) => {
    const entry = code === NONE ? points.length - 1 : Math.min(code, points.length - 1);
    points[entry]!.push(point);
    rgb.set(entry === points.length - 1 ? others : colors[entry]!, 3 * point);
  });
  const entries = points.map((held, i) => {
    const last = i === points.length - 1;
    return { name: last ? null : column.categories[i]!, color: last ? others : colors[i]!, points: held };
  });
  return { rgb, entries: entries.filter(({ points: held }) => held.length > 0), scale: null };
}

/** Numbers on the ramp; `reversed` makes low values the dark ones: what is doubtful is to be seen first. */
function byNumbers(values: Float32Array, theme: Theme, reversed: boolean): Painting {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  const span = high - low || 1;
  const place = (value: number) => {
    const share = (value - low) / span;
    return PALEST + (1 - PALEST) * (reversed ? 1 - share : share);
  };
  const rgb = new Uint8Array(3 * values.length);
  const others = hex(OTHERS[theme]);
  values.forEach((value, i) => rgb.set(Number.isNaN(value) ? others : shade(theme, place(value)), 3 * i));
  return { rgb, entries: [], scale: { low, high, place } };
}

/** The value of a point in words; empty where there is none. */
export function valueOf(column: ColumnSketch, point: number): string {
  if (column.categories.length > 0) return column.categories[column.code.data[point]!] ?? '';
  const number = column.number.data[point]!;
  return Number.isNaN(number) ? '' : String(Number(number.toPrecision(5)));
}

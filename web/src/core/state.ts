// The complete state of the page, and its form in the address: "#metric=mcc&true=1&predicted=0". Defaults are left out,
// so that an untouched page has a bare address; what cannot be read falls back to its default.
import { MEASURES, type Measure } from '../math/patterns';
import type { Order, Preset } from '../math/select';
import { HEATS, type Heat } from '../math/structure';

/** In the order of the page. */
export const SECTIONS = [
  'score', 'training', 'search', 'landscape', 'errors', 'attribution', 'attention', 'heads', 'embeddings', 'diff', 'lens', 'structure',
  'calibration', 'facts',
] as const;
export const SIDES = ['all', 'first', 'second', 'across', 'back'] as const;

export const UNITS = ['tokens', 'words', 'phrases'] as const;

export type Section = (typeof SECTIONS)[number];
/** What a score is shown for: a token, a word, or the words between two punctuation marks. */
export type Unit = (typeof UNITS)[number];
/** Which half of a pair looks at which: all, A to A, B to B, A to B, B to A. */
export type Side = (typeof SIDES)[number];

export interface State {
  lang: 'en' | 'zh' | null;
  theme: 'light' | 'dark' | null;
  at: Section | null;
  /** The steps on show; null is as far as there are. */
  firstStep: number | null;
  lastStep: number | null;
  metric: string;
  /** Of a search: the setting on its axis; empty is its first. */
  setting: string;
  /** Confusion matrix without its diagonal. */
  errorsOnly: boolean;
  truth: number | null;
  predicted: number | null;
  preset: Preset;
  order: Order;
  find: string;
  /** The slice whose rows the examples are: "2.0", see math/slices; empty is none. */
  slice: string;
  /** Only rows whose label is suspect. */
  suspects: boolean;
  /** Of tagged words and of answers: the kind that is listed; empty is every kind of mistake. */
  outcome: string;
  /** Which group of questions, by its place in the record. */
  group: number | null;
  /** The evaluation row that is selected in every view, by its number in the file. */
  row: number | null;
  /** Which of several records that are about no row. */
  pick: number;
  /** null is the head that the record itself puts first. */
  layer: number | null;
  head: number | null;
  form: 'matrix' | 'links' | 'neurons';
  words: boolean;
  special: boolean;
  side: Side;
  /** Weights are drawn as weight ** (1 / contrast). */
  contrast: number;
  mass: number;
  /** The token that is held in every view, by its number in the window, special tokens included. */
  token: number | null;
  /** What shades the tiles of the head atlas. */
  measure: Measure;
  /** Of two runs: the rows that became right, those that became wrong, or all. */
  changed: 'all' | 'better' | 'worse';
  /** Of two models: the change of each head itself, not of what it reads. */
  own: boolean;
  /** Effective ranks of what changed, not how much changed. */
  ranks: boolean;
  /** What shades the masked-word lens. */
  reading: 'probability' | 'kl' | 'entropy';
  /** A landscape: which rows' loss, seen from above or as a relief, and from where; its measured points. */
  surface: number;
  relief: boolean;
  turn: number;
  tilt: number;
  dots: boolean;
  /** Which of several maps of points; null is the last. */
  map: number | null;
  /** The name of a column, or "@trustworthiness"; empty is the first. */
  colour: string;
  /** A token or word among the points; a text is the `row` that is selected. */
  point: number | null;
  /** What is picked out, as ranges of row numbers (see math/ranges). */
  rows: string;
  seek: string;
  zoom: number;
  /** What lies in the middle of the map, 0 to 1 of its extent. */
  panX: number;
  panY: number;
  /** The attribution method on show, by its name; the record's first where it has no such. */
  method: string;
  unit: Unit;
  /** Scores are drawn as score ** (1 / lift) of the largest one. */
  lift: number;
  /** Whether the curves of the other methods are drawn too. */
  others: boolean;
  /** The structure: what colours it, and whether equal layers are drawn once; null is as the record says. */
  heat: Heat | null;
  folded: boolean | null;
  /** Its open modules as ranges of node numbers (see math/ranges); empty is the choice of the view. */
  open: string;
  node: number | null;
}

interface Codec<T> {
  readonly key: string;
  readonly initial: T;
  read(text: string): T | undefined;
  write(value: T): string;
}

const oneOf = <T extends string>(key: string, initial: T, choices: readonly T[]): Codec<T> => ({
  key,
  initial,
  read: (text) => choices.find((choice) => choice === text),
  write: (value) => value,
});
const maybeOneOf = <T extends string>(key: string, choices: readonly T[]): Codec<T | null> => ({
  key,
  initial: null,
  read: (text) => choices.find((choice) => choice === text),
  write: (value) => value ?? '',
});
const text = (key: string, initial: string): Codec<string> => ({
  key,
  initial,
  read: (value) => value,
  write: (value) => value,
});
const whole = <T extends number | null>(key: string, initial: T): Codec<T> => ({
  key,
  initial,
  read: (value) => (/^\d{1,9}$/.test(value) ? (Number(value) as T) : undefined),
  write: (value) => String(value),
});
const flag = (key: string, initial: boolean): Codec<boolean> => ({
  key,
  initial,
  read: (value) => (value === '1' ? true : value === '0' ? false : undefined),
  write: (value) => (value ? '1' : '0'),
});
const maybeFlag = (key: string): Codec<boolean | null> => ({
  key,
  initial: null,
  read: (value) => (value === '1' ? true : value === '0' ? false : undefined),
  write: (value) => (value ? '1' : '0'),
});
const within = (key: string, initial: number, low: number, high: number): Codec<number> => ({
  key,
  initial,
  read: (value) => {
    const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : NaN;
    return number >= low && number <= high ? number : undefined;
  },
  write: (value) => String(value),
});

export const CONTRAST = { low: 1, high: 4 } as const;
export const ZOOM = { low: 1, high: 256 } as const;
export const MASS = { low: 0.1, high: 1 } as const;

const CODECS: { readonly [K in keyof State]: Codec<State[K]> } = {
  lang: maybeOneOf('lang', ['en', 'zh']),
  theme: maybeOneOf('theme', ['light', 'dark']),
  at: maybeOneOf('at', SECTIONS),
  firstStep: whole<number | null>('first', null),
  lastStep: whole<number | null>('last', null),
  metric: text('metric', ''),
  setting: text('setting', ''),
  errorsOnly: flag('errors', false),
  truth: whole<number | null>('true', null),
  predicted: whole<number | null>('predicted', null),
  preset: oneOf<Preset>('show', 'mistakes', ['all', 'mistakes']),
  order: oneOf<Order>('order', 'sure', ['sure', 'unsure', 'row']),
  find: text('find', ''),
  slice: text('slice', ''),
  suspects: flag('suspects', false),
  outcome: text('outcome', ''),
  group: whole<number | null>('group', null),
  row: whole<number | null>('row', null),
  pick: whole('pick', 0),
  layer: whole<number | null>('layer', null),
  head: whole<number | null>('head', null),
  form: oneOf('form', 'matrix', ['matrix', 'links', 'neurons']),
  words: flag('words', false),
  special: flag('special', true),
  side: oneOf<Side>('side', 'all', SIDES),
  contrast: within('contrast', 2, CONTRAST.low, CONTRAST.high),
  mass: within('mass', 0.7, MASS.low, MASS.high),
  token: whole<number | null>('token', null),
  measure: oneOf<Measure>('measure', 'label', MEASURES),
  changed: oneOf('changed', 'all', ['all', 'better', 'worse']),
  own: flag('own', true),
  ranks: flag('ranks', false),
  reading: oneOf('reading', 'probability', ['probability', 'kl', 'entropy']),
  surface: whole('surface', 0),
  relief: flag('relief', false),
  turn: within('turn', 30, 0, 359),
  tilt: within('tilt', 35, 5, 90),
  dots: flag('dots', true),
  map: whole<number | null>('map', null),
  colour: text('colour', ''),
  point: whole<number | null>('point', null),
  rows: text('rows', ''),
  seek: text('seek', ''),
  zoom: within('zoom', 1, ZOOM.low, ZOOM.high),
  panX: within('x', 0.5, 0, 1),
  panY: within('y', 0.5, 0, 1),
  method: text('method', ''),
  unit: oneOf<Unit>('unit', 'words', UNITS),
  lift: within('lift', 1, CONTRAST.low, CONTRAST.high),
  others: flag('others', false),
  heat: maybeOneOf<Heat>('heat', HEATS),
  folded: maybeFlag('fold'),
  open: text('open', ''),
  node: whole<number | null>('node', null),
};
const NAMES = Object.keys(CODECS) as (keyof State)[];

export function initialState(): State {
  return fromHash('');
}

export function fromHash(hash: string): State {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const entries = NAMES.map((name) => {
    const codec = CODECS[name] as Codec<unknown>;
    const value = given.get(codec.key);
    return [name, (value === null ? undefined : codec.read(value)) ?? codec.initial];
  });
  return Object.fromEntries(entries) as unknown as State;
}

/** Without the "#"; empty when everything is as it was at the start. */
export function toHash(state: State): string {
  const given = new URLSearchParams();
  for (const name of NAMES) {
    const codec = CODECS[name] as Codec<unknown>;
    if (state[name] !== codec.initial) given.set(codec.key, codec.write(state[name]));
  }
  return given.toString();
}

// Stretches of a text that two sides mark, the given one and the predicted one, cut so that each piece can be drawn.

export interface Marked {
  /** Whether the model said it; else it was given. */
  readonly said: boolean;
  /** Places among the characters (code points) of the text; the end is behind the last one. */
  readonly start: number;
  readonly end: number;
}

export interface Part<T extends Marked> {
  readonly start: number;
  readonly end: number;
  /** The marks of either side that are over it. */
  readonly given: readonly T[];
  readonly said: readonly T[];
}

/** Marks that overlap, one after the other; none in a stretch that nobody marks. */
export interface Stretch<T extends Marked> {
  readonly start: number;
  readonly end: number;
  readonly marks: readonly T[];
  readonly parts: readonly Part<T>[];
}

/** The text from `from` to `to` as stretches, in order, with nothing left out and nothing twice. */
export function stretches<T extends Marked>(marks: readonly T[], from: number, to: number): Stretch<T>[] {
  const inside = marks.filter((mark) => mark.start >= from && mark.end <= to && mark.start < mark.end);
  const sorted = [...inside].sort((a, b) => a.start - b.start || a.end - b.end);
  const found: Stretch<T>[] = [];
  let place = from;
  for (let i = 0; i < sorted.length; ) {
    const held = [sorted[i]!];
    let end = sorted[i]!.end;
    for (i += 1; i < sorted.length && sorted[i]!.start < end; i++) {
      held.push(sorted[i]!);
      end = Math.max(end, sorted[i]!.end);
    }
    const start = held[0]!.start;
    if (start > place) found.push(plain(place, start));
    found.push({ start, end, marks: held, parts: partsOf(held) });
    place = end;
  }
  if (place < to) found.push(plain(place, to));
  return found;
}

function plain<T extends Marked>(start: number, end: number): Stretch<T> {
  return { start, end, marks: [], parts: [{ start, end, given: [], said: [] }] };
}

function partsOf<T extends Marked>(marks: readonly T[]): Part<T>[] {
  const edges = [...new Set(marks.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => {
    const start = edges[i]!;
    const over = (said: boolean) => marks.filter((mark) => mark.said === said && mark.start <= start && mark.end >= end);
    return { start, end, given: over(false), said: over(true) };
  });
}

/** Farther than this from its place nothing is looked for to cut at. */
const LONGEST_WORD = 20;

/** The places within `around` of a mark, cut between words, those that touch made one; the start of the text where there
 *  is no mark. */
export function excerpts(marks: readonly Marked[], characters: readonly string[], around: number): [number, number][] {
  const { length } = characters;
  const wanted = marks.filter(({ end }) => end <= length).map(({ start, end }) => [start - around, end + around] as const);
  const sorted = (wanted.length > 0 ? wanted : [[0, 2 * around] as const]).sort((a, b) => a[0] - b[0]);
  const found: [number, number][] = [];
  for (const [low, high] of sorted) {
    const [start, end] = [low <= 0 ? 0 : cut(characters, low, -1), high >= length ? length : cut(characters, high, 1)];
    const last = found.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([start, end]);
  }
  return found;
}

/** The nearest place from `at` on that stands beside a space; `at` itself where there is none near. */
function cut(characters: readonly string[], at: number, step: 1 | -1): number {
  for (let place = at; Math.abs(place - at) <= LONGEST_WORD; place += step) {
    const beside = characters[step === 1 ? place : place - 1];
    if (beside === undefined || beside === ' ') return place;
  }
  return at;
}

const UNSPACED = /[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]|[\ud840-\ud87f]/;

/** The characters from `start` to `end` as one text; spaces between signs of a script without spaces are not shown. */
export function shown(characters: readonly string[], start: number, end: number): string {
  const between = (i: number) =>
    characters[i] === ' ' && UNSPACED.test(characters[i - 1] ?? '') && UNSPACED.test(characters[i + 1] ?? '');
  let text = '';
  for (let i = start; i < end; i++) if (!between(i)) text += characters[i];
  return text;
}

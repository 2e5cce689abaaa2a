// Answers to questions: which questions a filter leaves, what stands where in a context, and how near "no answer" was.
import type { AnswerRows } from '../records';
import type { Marked } from './stretches';

/** In the order of `glassbert.show.answer_rows.OUTCOMES`. */
export const ANSWERS = ['right', 'partly', 'wrong', 'unanswered', 'invented', 'none'] as const;

export type Answered = (typeof ANSWERS)[number];

export function isMistake(outcome: number): boolean {
  return ANSWERS[outcome] !== 'right' && ANSWERS[outcome] !== 'none';
}

export interface Wanted {
  /** null: all that are not right. */
  readonly outcome: Answered | 'all' | null;
  /** One of the groups of questions, by its place. */
  readonly group: number | null;
  readonly find: string;
}

/** Questions in the order of the file's rows but that the surest come first. */
export function questionsOf(answers: AnswerRows, { outcome, group, find }: Wanted): number[] {
  const sought = find.toLowerCase();
  const kept = answers.question.map((_, i) => i).filter((i) => {
    const own = answers.outcome.data[i]!;
    if (outcome === null ? !isMistake(own) : outcome !== 'all' && ANSWERS[own] !== outcome) return false;
    if (group !== null && answers.group.data[2 * i] !== group && answers.group.data[2 * i + 1] !== group) return false;
    return sought === '' || textOf(answers, i).toLowerCase().includes(sought);
  });
  return kept.sort((a, b) => answers.share.data[b]! - answers.share.data[a]! || answers.row.data[a]! - answers.row.data[b]!);
}

function textOf(answers: AnswerRows, i: number): string {
  return `${answers.question[i]!}\n${answers.said[i]!}\n${answers.contexts[answers.context.data[i]!]!}`;
}

export interface Place extends Marked {
  readonly text: string;
}

export interface Pieces {
  /** The right answers, each text once. */
  readonly right: readonly string[];
  /** What is marked in the context. */
  readonly places: readonly Place[];
  readonly best: readonly { readonly start: number; readonly end: number; readonly share: number; readonly text: string }[];
}

/** Right answers and best pieces of every question. */
export function piecesOf(answers: AnswerRows): Pieces[] {
  const found = answers.question.map((_, i) => ({
    right: [] as string[],
    places: said(answers, i),
    best: [] as Pieces['best'][number][],
  }));
  answers.right_row.data.forEach((row, i) => {
    const [text, start] = [answers.right_text[i]!, answers.right_start.data[i]!];
    if (!found[row]!.right.includes(text)) found[row]!.right.push(text);
    if (start >= 0) found[row]!.places.push({ said: false, start, end: start + Array.from(text).length, text });
  });
  answers.best_row.data.forEach((row, i) => {
    const [start, end] = [answers.best_start.data[i]!, answers.best_end.data[i]!];
    found[row]!.best.push({ start, end, share: answers.best_share.data[i]!, text: answers.best_text[i]! });
  });
  return found;
}

function said({ said: texts, start, end }: AnswerRows, i: number): Place[] {
  return texts[i] === '' ? [] : [{ said: true, start: start.data[i]!, end: end.data[i]!, text: texts[i]! }];
}

/** How far the null score is above the threshold (then there is no answer) or below it; NaN where neither is known. */
export function margin({ null_odds, threshold }: AnswerRows, i: number): number {
  return threshold === null ? NaN : null_odds.data[i]! - threshold;
}

export interface Bin {
  readonly low: number;
  readonly high: number;
  /** Questions that have an answer, and that have none. */
  readonly has: number;
  readonly none: number;
}

/** The margins in bins of one width; 0, where answers turn into none, is an edge of two of them. */
export function marginBins(answers: AnswerRows, most: number): Bin[] {
  const margins = answers.question.map((_, i) => margin(answers, i));
  const known = margins.filter(Number.isFinite);
  if (known.length === 0) return [];
  const reach = Math.max(Math.max(...known), 0) - Math.min(Math.min(...known), 0) || 1;
  const width = niceWidth(reach / most);
  const low = Math.floor(Math.min(...known, 0) / width);
  const high = Math.floor(Math.max(...known, 0) / width) + 1;
  const bins = Array.from({ length: high - low }, (_, k) => ({ low: (low + k) * width, high: (low + k + 1) * width, has: 0, none: 0 }));
  margins.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    // at the threshold itself there is an answer: only what exceeds it has none
    const at = value === 0 ? -low - 1 : Math.floor(value / width) - low;
    const bin = bins[Math.max(at, 0)]!;
    if (answers.right_row.data.includes(i)) bin.has += 1;
    else bin.none += 1;
  });
  return bins;
}

function niceWidth(width: number): number {
  const size = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 2.5, 5, 10].find((step) => step * size >= width) ?? 10) * size;
}

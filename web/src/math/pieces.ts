// The text of an attribution in pieces that carry a score: tokens, words, or the phrases between punctuation marks.
import type { Unit } from '../core/state';
import type { AttributionRecord } from '../records';

export interface Piece {
  /** The characters as people wrote them; the token where there are none. */
  readonly text: string;
  /** What stands between the piece before and this one. */
  readonly before: string;
  /** Numbers of its tokens in the window. */
  readonly tokens: readonly number[];
  readonly special: boolean;
  /** Whether the prediction that is explained is made here. */
  readonly asked: boolean;
  /** 0 first text, 1 second text. */
  readonly side: number;
}

interface Group {
  tokens: number[];
  start: number;
  end: number;
  side: number;
  special: boolean;
}

const ENDS = /[.,;:!?…]$/u;
const WIDE_ENDS = /[。，、；：！？]$/u;

/** All pieces of the window in order; every token is in exactly one. */
export function piecesOf(record: AttributionRecord, unit: Unit): Piece[] {
  const texts = [record.text, record.pair ?? ''].map((text) => Array.from(text));
  const groups: Group[] = [];
  for (const next of atoms(record)) {
    const last = groups[groups.length - 1];
    if (last && joins(record, unit, texts[last.side]!, last, next)) {
      last.tokens.push(...next.tokens);
      last.end = Math.max(last.end, next.end);
    } else {
      groups.push(next);
    }
  }
  return groups.map((group, i) => pieceOf(record, texts, groups, i, group));
}

/** The sum over the tokens of each piece. */
export function sums(pieces: readonly Piece[], scores: ArrayLike<number>): number[] {
  return pieces.map(({ tokens }) => tokens.reduce((sum, token) => sum + scores[token]!, 0));
}

/** One group per token. A masked token that is to be guessed belongs to a text, though it is never taken away. */
function atoms(record: AttributionRecord): Group[] {
  const { sequence, offsets, position } = record;
  let separators = 0;
  let side = 0;
  return record.tokens.map((_, i) => {
    const [start, end] = [offsets.data[2 * i]!, offsets.data[2 * i + 1]!];
    const guessed = i === position && sequence.data[i]! < 0;
    const special = sequence.data[i]! < 0 && !guessed;
    if (!special) side = guessed ? Number(separators > 0 && record.pair !== null) : sequence.data[i]!;
    separators += Number(special && i > 0);
    return { tokens: [i], start, end, side, special };
  });
}

function joins(record: AttributionRecord, unit: Unit, text: readonly string[], last: Group, next: Group): boolean {
  if (last.special || next.special || last.side !== next.side) return false;
  // The tokens of one character (the bytes of an emoji), or one without characters: they cannot be told apart.
  if (next.start < last.end || next.start === next.end) return true;
  if (unit === 'tokens' || guessedIn(record, last) || guessedIn(record, next)) return false;
  const [left, right] = [last.tokens[last.tokens.length - 1]!, next.tokens[0]!];
  if (record.word.data[left] === record.word.data[right]) return true;
  return unit === 'phrases' && !breaks(text, last, next);
}

/** Whether a phrase ends between two groups: after punctuation, or where a line ends. */
function breaks(text: readonly string[], last: Group, next: Group): boolean {
  const between = text.slice(last.end, next.start).join('');
  if (between.includes('\n')) return true;
  const [end, start] = [text[last.end - 1] ?? '', text[next.start] ?? ''];
  if (WIDE_ENDS.test(end)) return !WIDE_ENDS.test(start);
  return ENDS.test(end) && between !== '' && !ENDS.test(start);
}

function guessedIn(record: AttributionRecord, group: Group): boolean {
  return group.tokens.some((token) => token === record.position && record.sequence.data[token]! < 0);
}

function pieceOf(record: AttributionRecord, texts: string[][], groups: Group[], i: number, group: Group): Piece {
  const text = texts[group.side]!;
  const written = group.special || guessedIn(record, group) ? '' : text.slice(group.start, group.end).join('');
  const label = group.tokens.map((token) => record.tokens[token]).join(' ');
  return {
    text: written || label,
    before: group.special ? '' : gap(text, groups, i, group),
    tokens: group.tokens,
    special: group.special,
    asked: record.position !== null && group.tokens.includes(record.position),
    side: group.side,
  };
}

/** What stands before a piece: white space and what the tokenizer left out; an ellipsis for an earlier window. */
function gap(text: readonly string[], groups: readonly Group[], i: number, group: Group): string {
  let at = i - 1;
  while (at >= 0 && (groups[at]!.special || groups[at]!.side !== group.side)) at--;
  const previous = groups[at];
  if (previous) return text.slice(previous.end, group.start).join('');
  return group.start > 0 && text.slice(0, group.start).join('').trim() ? '… ' : '';
}

/** Whether the text of one side goes on after the window. */
export function goesOn(record: AttributionRecord, side: number): boolean {
  const text = Array.from((side === 0 ? record.text : record.pair) ?? '');
  let end = 0;
  record.tokens.forEach((_, i) => {
    if (record.sequence.data[i] === side) end = Math.max(end, record.offsets.data[2 * i + 1]!);
  });
  return text.slice(end).join('').trim() !== '' && end > 0;
}

// From a score to a place on the diverging scale: 0 against, 0.5 nothing, 1 for. The largest score of what is not
// special has the full colour; special tokens, which no method takes away, often have more and would hide the others.
import { shadeSigned, type Rgb, type Theme } from '../../core/color';
import { significant } from '../../core/format';
import type { Piece } from '../../math/pieces';

export interface Scale {
  readonly largest: number;
  readonly signed: boolean;
  /** Whether a special token lies beyond the scale. */
  readonly beyond: boolean;
  /** 0 to 1. */
  place(score: number): number;
  color(theme: Theme, score: number): Rgb;
}

export function scaleOf(pieces: readonly Piece[], scores: readonly number[], signed: boolean, lift: number): Scale {
  const content = scores.filter((_, i) => !pieces[i]!.special);
  const largest = (content.length > 0 ? content : scores).reduce((most, score) => Math.max(most, Math.abs(score) || 0), 0);
  const side = (score: number) => {
    const share = largest > 0 && Number.isFinite(score) ? score / largest : 0;
    return Math.sign(share) * Math.min(Math.abs(share), 1) ** (1 / lift);
  };
  return {
    largest,
    signed,
    beyond: scores.some((score) => Math.abs(score) > largest),
    place: (score) => 0.5 + side(score) / 2,
    color: (theme, score) => shadeSigned(theme, side(score)),
  };
}

export function ticksOf({ largest, signed }: Scale): { value: number; text: string }[] {
  const values = largest === 0 ? [0] : signed ? [-largest, 0, largest] : [0, largest];
  return values.map((value) => ({ value, text: signedNumber(value, signed) }));
}

/** "+0.31", "−1.2": the sign is said where it means something. */
export function signedNumber(value: number, signed: boolean): string {
  return signed && value > 0 ? `+${significant(value)}` : significant(value);
}

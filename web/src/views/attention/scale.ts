// From a weight to a place on the colour scale: contrast lifts the small weights, the key says which colour is which.
import { significant } from '../../core/format';

export type Place = (weight: number) => number;

export function placeOf(contrast: number): Place {
  return (weight) => Math.min(Math.max(weight, 0), 1) ** (1 / contrast);
}

export const RAMP_TICKS = [0, 0.01, 0.1, 0.5, 1];

/** Ticks that do not touch one another on the scale. */
export function ticksOf(place: Place): { value: number; text: string }[] {
  const kept: number[] = [];
  for (const value of [...RAMP_TICKS].reverse()) {
    const last = kept[kept.length - 1];
    if (last === undefined || place(last) - place(value) > 0.2 || value === 0) kept.push(value);
  }
  const apart = kept.filter((value) => value === 0 || place(value) > 0.16);
  return apart.reverse().map((value) => ({ value, text: significant(value) }));
}

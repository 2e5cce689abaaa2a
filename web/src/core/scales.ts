// Scales between two ends: the place of a value, the value of a place, and round values on the way. They mean what
// d3-scale's mean (the tests compare), which brings colours, dates and number formats that no picture here has.
import { tickIncrement, ticks } from 'd3-array';

export type Ends = readonly [number, number];

export interface Scale {
  (value: number): number;
  invert(place: number): number;
  domain(): Ends;
  /** About `count` round values of the domain. */
  ticks(count: number): number[];
}

const mix = ([from, to]: Ends, share: number) => from * (1 - share) + to * share;
const shareOf = ([from, to]: Ends, at: number) => (from === to ? 0.5 : (at - from) / (to - from));

/** Equal differences are equally far apart. */
export function scaleLinear(domain: Ends, range: Ends): Scale {
  return Object.assign((value: number) => mix(range, shareOf(domain, value)), {
    invert: (place: number) => mix(domain, shareOf(range, place)),
    domain: () => domain,
    ticks: (count: number) => ticks(...domain, count),
  });
}

/** Equal ratios are equally far apart; from a smaller to a larger end, both above zero. */
export function scaleLog(domain: Ends, range: Ends): Scale {
  const powers = scaleLinear([Math.log(domain[0]), Math.log(domain[1])], range);
  return Object.assign((value: number) => powers(Math.log(value)), {
    invert: (place: number) => Math.exp(powers.invert(place)),
    domain: () => domain,
    ticks: (count: number) => logTicks(domain, count),
  });
}

/** The digits 1 to 9 of every power of ten; powers alone where these are many, even steps where digits are few. */
function logTicks([low, high]: Ends, count: number): number[] {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  if (last - first >= count) return ticks(first, last, count).map((power) => 10 ** power);
  const found: number[] = [];
  for (let power = Math.floor(first); power <= last; power++) {
    for (let digit = 1; digit <= 9; digit++) found.push(Number(`${digit}e${power}`));
  }
  const inside = found.filter((tick) => low <= tick && tick <= high);
  return 2 * inside.length < count ? ticks(low, high, count) : inside;
}

/** A domain widened until both its ends are ticks of about `count`; from a smaller to a larger end. */
export function nice([low, high]: Ends, count: number): Ends {
  let before = 0;
  for (;;) {
    const step = tickIncrement(low, high, count);
    if (step === before || !Number.isFinite(step)) return [low, high];
    // A step below zero stands for its inverse, which is a whole number.
    const out = (end: number, round: (value: number) => number) =>
      step > 0 ? round(end / step) * step : round(end * -step) / -step;
    [low, high, before] = [out(low, Math.floor), out(high, Math.ceil), step];
  }
}

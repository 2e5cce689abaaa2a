// The trials of a search as marks: which axis a setting has, where its ticks stand, what each trial is called.
import { scaleLinear, scaleLog, type Ends, type Scale } from '../core/scales';
import { significant } from '../core/format';
import type { SearchRecord } from '../records';
import { scoreScale } from './axis';

export interface Trial {
  readonly at: number;
  readonly number: number;
  readonly state: string;
  readonly settings: readonly number[];
  readonly score: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly seconds: number;
}

const EVEN = new Set(['layer_decay']);
const AIR = 0.08;
/** The shortest way between two ticks, in pixels. */
const APART = 44;

const known = (value: number) => (Number.isFinite(value) ? value : null);

export function trialsOf(record: SearchRecord): Trial[] {
  const width = record.names.length;
  return record.state.map((state, at) => ({
    at,
    number: record.number.data[at]!,
    state,
    settings: [...record.settings.data.subarray(at * width, (at + 1) * width)],
    score: known(record.score.data[at]!),
    low: known(record.low.data[at]!),
    high: known(record.high.data[at]!),
    seconds: record.seconds.data[at]!,
  }));
}

/** Whether equal ratios of a setting are equally far apart. */
export function isLogarithmic(name: string, values: readonly number[]): boolean {
  return !EVEN.has(name) && values.every((value) => value > 0);
}

/** From a setting to [0, width]; every value lies inside, with some air on both sides. */
export function settingScale(name: string, values: readonly number[], width: number): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (isLogarithmic(name, values)) {
    const air = high > low ? (high / low) ** AIR : 2;
    return scaleLog([low / air, high * air], [0, width]);
  }
  const air = (high - low) * AIR || Math.abs(high) / 10 || 1;
  return scaleLinear([low - air, high + air], [0, width]);
}

/** Round values on the axis of a setting that leave room for their labels. */
export function settingTicks(name: string, values: readonly number[], scale: Scale): number[] {
  const [low, high] = scale.domain();
  const round = isLogarithmic(name, values) ? roundRatios(low, high) : scaleLinear([low, high], [0, 1]).ticks(5);
  const kept: number[] = [];
  for (const tick of round) {
    if (kept.length === 0 || scale(tick) - scale(kept[kept.length - 1]!) >= APART) kept.push(tick);
  }
  return kept;
}

/** Small values by their power of ten, all in one form: 0.001 -> "1e−3". */
export function tickText(value: number): string {
  return value > 0 && value < 0.01 ? `${Number(value.toPrecision(3)).toExponential()}`.replace('-', '−') : significant(value);
}

/** 1, 2 and 5 times the powers of ten; in a narrow range evenly spaced values. */
function roundRatios(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const digit of [1, 2, 5]) {
      const tick = Number(`${digit}e${power}`);
      if (tick >= low && tick <= high) found.push(tick);
    }
  }
  return found.length > 2 ? found : scaleLinear([low, high], [0, 1]).ticks(4).filter((tick) => tick > 0);
}

/** The domain of the scores: all of them with their intervals. */
export function scoreDomain(trials: readonly Trial[], metric: string): Ends {
  const scores = trials.flatMap(({ score, low, high }) => (score === null ? [] : [{ metric, value: score, low, high }]));
  if (scores.length === 0) return [0, 1];
  return scoreScale(scores, metric, 1).domain();
}

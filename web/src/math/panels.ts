// Which curves share a panel, in which order.
import type { Curves, Series } from '../records';

export interface Panel {
  /** What is measured: "loss", "accuracy", "learning_rate". */
  readonly name: string;
  readonly training: Series | null;
  readonly validation: Series | null;
}

const FIRST = [
  'mlm_loss', 'mlm_accuracy', 'nsp_loss', 'nsp_accuracy', 'bits_per_character', 'loss', 'accuracy', 'macro_f1', 'mcc',
];
const LAST = ['learning_rate', 'gradient_norm', 'tokens_per_second', 'mfu', 'data_wait_seconds', 'padding'];
const VALIDATION = 'validation_';

/** A panel for every scalar; "validation_x" shares the panel of "x". Series without any point are left out. */
export function panelsOf(curves: Curves): Panel[] {
  const panels = new Map<string, Panel>();
  for (const series of curves.series.filter((each) => each.step.data.length > 0)) {
    const validation = series.name.startsWith(VALIDATION);
    const name = validation ? series.name.slice(VALIDATION.length) : series.name;
    const found = panels.get(name) ?? { name, training: null, validation: null };
    panels.set(name, validation ? { ...found, validation: series } : { ...found, training: series });
  }
  if (!panels.has('nsp_loss') && sameLine(panels.get('mlm_loss')?.training, panels.get('loss')?.training)) panels.delete('loss');
  return [...panels.values()].sort((a, b) => rank(a.name) - rank(b.name));
}

/** Whether two series are one but for rounding: the loss of masked words alone is the loss. */
function sameLine(one?: Series | null, other?: Series | null): boolean {
  if (!one || !other) return false;
  return [...one.value.data].every((value, i) => !(Math.abs(value - other.value.data[i]!) > 1e-5 * Math.abs(value)));
}

function rank(name: string): number {
  const first = FIRST.indexOf(name);
  const last = LAST.indexOf(name);
  return first >= 0 ? first : last >= 0 ? 100 + last : 50;
}

/** The first and the last step of any series. */
export function stepsOf(curves: Curves): [number, number] {
  const ends = curves.series.flatMap(({ step }) =>
    step.data.length > 0 ? [step.data[0]!, step.data[step.data.length - 1]!] : [],
  );
  return ends.length > 0 ? [Math.min(...ends), Math.max(...ends)] : [0, 0];
}

/** Lowest and highest finite value between two steps, with some air; the same twice is opened a little, upwards from zero. */
export function valuesOf(series: readonly Series[], from: number, to: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { step, value } of series) {
    step.data.forEach((at, i) => {
      const here = value.data[i]!;
      if (at < from || at > to || !Number.isFinite(here)) return;
      low = Math.min(low, here);
      high = Math.max(high, here);
    });
  }
  if (low > high) return [0, 1];
  if (low === 0 && high === 0) return [0, 1];
  const air = (high - low) * 0.06 || Math.abs(high) * 0.1;
  return [low - air, high + air];
}

/** The value at the last step not after `step`; NaN before the first. */
export function valueAt(series: Series, step: number): { step: number; value: number } {
  let [low, high] = [0, series.step.data.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (series.step.data[middle]! <= step) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return { step: NaN, value: NaN };
  return { step: series.step.data[low - 1]!, value: series.value.data[low - 1]! };
}

// Numbers as people read them. The same digits in every language; only units and separators are words.

/** 12345 -> "12,345". */
export function integer(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** 0.8721 -> "0.872". */
export function score(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3).replace('-', '−') : '–';
}

/** 0.8721 -> "87.2 %"; certainty is claimed only where it is certain. */
export function percent(value: number, digits = 1): string {
  if (!Number.isFinite(value)) return '–';
  const text = (100 * value).toFixed(digits);
  if (value < 1 && Number(text) === 100) return `>${(100 - 10 ** -digits).toFixed(digits)}\u00a0%`;
  return `${text}\u00a0%`;
}

/** Of a hundred already: 9.053 -> "9.1 %". */
export function outOfHundred(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(1).replace('-', '−')}\u00a0%` : '–';
}

/** Four significant digits, or an exponent where those would be mostly zeros: 0.0001234 -> "1.234e−4". */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    const [digits = '', power = ''] = value.toExponential(2).split('e');
    return `${Number(digits)}e${power.replace('+', '')}`.replaceAll('-', '−');
  }
  if (size >= 1000) return integer(value).replace('-', '−');
  return String(Number(value.toPrecision(4))).replace('-', '−');
}

/** `significant` with its sign: 0.02523 -> "+0.02523". */
export function signed(value: number): string {
  if (Number.isNaN(value)) return significant(value);
  return `${value < 0 ? '−' : '+'}${significant(Math.abs(value))}`;
}

/** 11200000 -> "11.2 M". */
export function compact(value: number): string {
  for (const [size, unit] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const) {
    if (Math.abs(value) >= 10 * size || (Math.abs(value) >= size && size >= 1e6)) {
      return `${Number((value / size).toPrecision(3))} ${unit}`;
    }
  }
  return integer(value);
}

/** Seconds as "48 s", "3 min 12 s", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "2025-11-21T20:33:42+00:00" -> "2025-11-21 20:33 UTC"; anything else as it is. */
export function instant(text: string): string {
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? [];
  if (!day) return text;
  return `${day} ${time}${zone === undefined ? '' : zone === 'Z' || zone === '+00:00' ? ' UTC' : ` ${zone}`}`;
}

/** A number and its percent sign do not part at the end of a line. */
export function tidy(text: string): string {
  return text.replace(/(\d) %/g, '$1\u00a0%');
}

// Control characters, and those that turn the direction of writing or end a line unseen. The joiner of emoji stays.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with its unseen characters named, so that what is shown is what is there. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** The start of a text, cut between characters, with an ellipsis where something is missing. */
export function start(text: string, most: number): string {
  const points = Array.from(text.slice(0, 2 * most + 2));
  const whole = points.length <= most && text.length <= 2 * most + 2;
  return visible(whole ? text : `${points.slice(0, most).join('')}…`);
}

/** What a run has written as text; null where it has not. */
export function written(value: number | null | undefined, write: (value: number) => string): string | null {
  return value === null || value === undefined ? null : write(value);
}

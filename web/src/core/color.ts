// The sequential colours: one blue, from the paper to the ink, its lightness strictly monotone, so that it reads the
// same to every kind of colour vision and in grey. Interpolated in OKLab (Ottosson 2020).

export type Theme = 'light' | 'dark';
export type Rgb = readonly [number, number, number];

/** Stops at equal distances, from 0 to 1. */
const STOPS: Record<Theme, readonly string[]> = {
  light: ['#f6f7f9', '#b3c9f1', '#6a96e4', '#2d5cc0', '#10286a'],
  dark: ['#191c22', '#213a70', '#3166c4', '#73a5f5', '#e4eeff'],
};
export const STEPS = 256;

/** The diverging colours: orange below zero, blue above it, the paper at zero; a pair that colour blindness keeps apart. */
const DIVERGING: Record<Theme, readonly string[]> = {
  light: ['#7a3300', '#d98032', '#f6f7f9', '#6a96e4', '#10286a'],
  dark: ['#ffd9ae', '#c2701f', '#191c22', '#3166c4', '#cfe1ff'],
};
/** An odd number, so that zero has a colour of its own. */
export const SIGNED_STEPS = 255;

const ramps: Record<Theme, readonly Rgb[]> = { light: build(STOPS.light, STEPS), dark: build(STOPS.dark, STEPS) };
const signed: Record<Theme, readonly Rgb[]> = {
  light: build(DIVERGING.light, SIGNED_STEPS),
  dark: build(DIVERGING.dark, SIGNED_STEPS),
};

/** The colour of t in [0, 1], one of 256. */
export function shade(theme: Theme, t: number): Rgb {
  return ramps[theme][Math.round(Math.min(Math.max(t, 0), 1) * (STEPS - 1))]!;
}

/** The colour of t in [-1, 1], one of 255. */
export function shadeSigned(theme: Theme, t: number): Rgb {
  return signed[theme][Math.round((Math.min(Math.max(t, -1), 1) * 0.5 + 0.5) * (SIGNED_STEPS - 1))]!;
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** Contrast ratio of two colours (WCAG 2.2), 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Black or white, whichever is easier to read on `ground`. */
export function inkOn(ground: Rgb): Rgb {
  const white: Rgb = [255, 255, 255];
  const black: Rgb = [0, 0, 0];
  return contrast(ground, white) >= contrast(ground, black) ? white : black;
}

export function hex(text: string): Rgb {
  const value = parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(channel: number): number {
  const c = channel / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function channel(value: number): number {
  const c = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(Math.min(Math.max(c, 0), 1) * 255);
}

function toLab([red, green, blue]: Rgb): Rgb {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    channel(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function build(stops: readonly string[], steps: number): Rgb[] {
  const labs = stops.map((stop) => toLab(hex(stop)));
  return Array.from({ length: steps }, (_, step) => {
    const place = (step / (steps - 1)) * (labs.length - 1);
    const low = Math.min(Math.floor(place), labs.length - 2);
    const [from, to] = [labs[low]!, labs[low + 1]!];
    const mixed = from.map((value, i) => value + (to[i]! - value) * (place - low));
    return fromLab(mixed as unknown as Rgb);
  });
}

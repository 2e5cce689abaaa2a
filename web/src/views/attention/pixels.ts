// Attention maps as pixels.
import { shade, shadeSigned, type Theme } from '../../core/color';
import { poolMax, type Shape } from '../../math/pool';
import type { Axes } from '../../math/units';
import type { Place } from './scale';

/** The weights of one head between the units on show, and the certificate of the map they come from. */
export interface DrawnMap {
  readonly axes: Axes;
  /** Not a thumbnail: links, neurons and words can be drawn too. */
  readonly whole: boolean;
  readonly weights: Float32Array;
  readonly certificate: number;
}

/** An image of `to` device pixels from a matrix of weights. */
export function mapImage(matrix: Float32Array, from: Shape, to: Shape, theme: Theme, place: Place): ImageData {
  const pooled = poolMax(matrix, from, to);
  const image = new ImageData(to[1], to[0]);
  pooled.forEach((weight, i) => {
    const [red, green, blue] = shade(theme, place(weight));
    image.data.set([red, green, blue, 255], 4 * i);
  });
  return image;
}

/** An image of values on both sides of zero, `most` being the strongest colour; every cell has a pixel or more. */
export function signedImage(matrix: Float32Array, from: Shape, to: Shape, theme: Theme, most: number): ImageData {
  const image = new ImageData(to[1], to[0]);
  for (let y = 0; y < to[0]; y++) {
    const row = Math.floor((y * from[0]) / to[0]) * from[1];
    for (let x = 0; x < to[1]; x++) {
      const [red, green, blue] = shadeSigned(theme, matrix[row + Math.floor((x * from[1]) / to[1])]! / most);
      image.data.set([red, green, blue, 255], 4 * (y * to[1] + x));
    }
  }
  return image;
}

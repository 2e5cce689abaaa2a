// Attention maps as pixels.
import { shade, type Theme } from '../../core/color';
import { poolMax, type Shape } from '../../math/pool';
import type { Place } from './scale';

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

// A canvas as sharp as the screen: sized in CSS pixels, drawn in device pixels.

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  /** Device pixels per CSS pixel. */
  readonly density: number;
}

// Beyond this some browsers draw nothing.
const LARGEST = 16_000;

/** Size the canvas, clear it and return its context in CSS pixels; null where there is no 2D context. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): Surface | null {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  const density = Math.min(devicePixelRatio || 1, LARGEST / Math.max(width, height, 1));
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  context.setTransform(density, 0, 0, density, 0, 0);
  return { context, density };
}

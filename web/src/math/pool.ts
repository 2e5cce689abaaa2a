// A matrix on fewer (or more) pixels than it has cells, so that no high value is lost.

/** Rows and columns. */
export type Shape = readonly [number, number];

/** On fewer pixels than cells each shows the largest of the cells it touches; on more, the one it lies in. */
export function poolMax(matrix: Float32Array, from: Shape, to: Shape): Float32Array {
  const [rows, columns] = from;
  const [height, width] = to;
  const across = Array.from({ length: width }, (_, p) => cellsOf(p, columns, width));
  // Columns first, then rows: the maximum of maxima, at a fraction of the work.
  const narrow = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    across.forEach(([first, end], p) => {
      let highest = 0;
      for (let column = first; column < end; column++) highest = Math.max(highest, matrix[row * columns + column]!);
      narrow[row * width + p] = highest;
    });
  }
  const pooled = new Float32Array(height * width);
  for (let q = 0; q < height; q++) {
    const [first, end] = cellsOf(q, rows, height);
    for (let row = first; row < end; row++) {
      for (let p = 0; p < width; p++) {
        pooled[q * width + p] = Math.max(pooled[q * width + p]!, narrow[row * width + p]!);
      }
    }
  }
  return pooled;
}

/** The cells [first, end) under pixel p when `size` cells share `pixels` pixels. */
export function cellsOf(p: number, size: number, pixels: number): [number, number] {
  if (pixels >= size) {
    const cell = Math.floor((p * size) / pixels);
    return [cell, cell + 1];
  }
  return [Math.floor((p * size) / pixels), Math.ceil(((p + 1) * size) / pixels)];
}

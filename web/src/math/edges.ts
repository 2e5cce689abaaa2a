// Which connections of a head are worth a line.

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** For every row the largest weights that together reach `mass` of the row's sum; by row, then from the largest. */
export function edgesByMass(weights: Float32Array, rows: number, columns: number, mass: number): Edge[] {
  const edges: Edge[] = [];
  for (let from = 0; from < rows; from++) {
    const row = weights.subarray(from * columns, (from + 1) * columns);
    const order = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b);
    const enough = mass * row.reduce((sum, value) => sum + value, 0);
    let reached = 0;
    for (const to of order) {
      if (reached >= enough || row[to]! <= 0) break;
      edges.push({ from, to, weight: row[to]! });
      reached += row[to]!;
    }
  }
  return edges;
}

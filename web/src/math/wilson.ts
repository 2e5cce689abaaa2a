/** 95 % interval of a share: `hits` of `total` (Wilson 1927); unlike the textbook ±, it stays inside [0, 1]. */
export function wilson(hits: number, total: number): [number, number] {
  if (total === 0) return [0, 1];
  const z = 1.959964;
  const share = hits / total;
  const spread = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  const centre = share + (z * z) / (2 * total);
  const scale = 1 + (z * z) / total;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

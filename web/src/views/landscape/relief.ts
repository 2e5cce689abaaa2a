// A surface as it is seen from the side: cells as facets, painted from the back to the front.
import { css, shade, type Rgb, type Theme } from '../../core/color';
import { coordinate, outlines, project, shareOf, spanOf, type Camera, type LossScale, type Seen } from '../../math/landscape';
import type { LandscapeRecord } from '../../records';

/** How high the highest loss stands, as a share of the ground's longer side. */
export const HEIGHT = 0.62;

export interface View {
  readonly camera: Camera;
  readonly size: { width: number; height: number };
  readonly theme: Theme;
  readonly ink: string;
}

/** Where a point of the ground with a loss is on the canvas, in CSS pixels. */
export function placer(record: LandscapeRecord, scale: LossScale, { camera, size }: Pick<View, 'camera' | 'size'>) {
  const longest = Math.max(spanOf(record, 0), spanOf(record, 1));
  const zoom = Math.min(size.width / 1.46, size.height / 1.3);
  return (position: readonly [number, number], loss: number): Seen => {
    const ground = [0, 1].map((axis) => (shareOf(record, position[axis]!, axis) - 0.5) * (spanOf(record, axis) / longest));
    const seen = project(camera, [ground[0]!, ground[1]!, (scale.place(loss) - 0.5) * HEIGHT]);
    return { x: size.width / 2 + seen.x * zoom, y: size.height / 2 + seen.y * zoom, depth: seen.depth };
  };
}

interface Facet {
  readonly corners: readonly Seen[];
  readonly place: number;
  readonly depth: number;
}

function facets(record: LandscapeRecord, surface: number, scale: LossScale, view: View): Facet[] {
  const put = placer(record, scale, view);
  const values = record.surfaces[surface]!.values.data;
  const made: Facet[] = [];
  const mean = (numbers: number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const at = (point: number) => [coordinate(record, point, 0), coordinate(record, point, 1)] as const;
  outlines(record).forEach((ring, i) => {
    const losses = ring.map((point) => values[point]!);
    if (!losses.every(Number.isFinite)) return;
    const seen = ring.map((point, corner) => put(at(point), losses[corner]!));
    // Its colour is that of its own corners, as on the map.
    const own = [...record.cells.data.subarray(4 * i, 4 * i + 4)].map((point) => scale.place(values[point]!));
    made.push({ corners: seen, place: mean(own), depth: mean(seen.map(({ depth }) => depth)) });
  });
  return made.sort((a, b) => a.depth - b.depth);
}

/** The chosen surface in its colours; any other as a net over it. */
export function paintRelief(context: CanvasRenderingContext2D, record: LandscapeRecord, chosen: number, scale: LossScale, view: View): void {
  const all = record.surfaces.flatMap((_, surface) =>
    facets(record, surface, scale, view).map((facet) => ({ ...facet, filled: surface === chosen })),
  );
  all.sort((a, b) => a.depth - b.depth);
  context.lineJoin = 'round';
  for (const { corners, place, filled } of all) {
    context.beginPath();
    corners.forEach(({ x, y }, i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.closePath();
    if (filled) {
      context.fillStyle = css(shade(view.theme, place) as Rgb);
      context.fill();
    }
    context.globalAlpha = filled ? 0.22 : 0.55;
    context.strokeStyle = filled ? view.ink : '#d65f12';
    context.lineWidth = filled ? 0.75 : 0.6;
    context.stroke();
    context.globalAlpha = 1;
  }
}

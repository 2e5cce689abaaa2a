// uPlot, reduced to what it does best: many points as a line on a canvas, and dragging a range. Axes, labels and the
// crosshair are ours, so that they can be read back and look like the rest of the page.
import uPlot from 'uplot';
import type { Points } from '../../math/decimate';

export interface Line {
  readonly points: Points;
  readonly color: string;
  readonly width: number;
  /** Diameter of a dot at each point; 0 for none. */
  readonly dots: number;
}

export interface Drawing {
  readonly size: { width: number; height: number };
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly lines: readonly Line[];
  onhold(x: number | null): void;
  onzoom(range: [number, number] | null): void;
}

/** Draw into `target`, in place of what was there; the result takes the drawing away. */
export function draw(target: HTMLElement, drawing: Drawing): () => void {
  const { size, x, y, lines } = drawing;
  const plot = new uPlot(
    {
      ...size,
      padding: [0, 0, 0, 0],
      pxAlign: false,
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false, range: () => [x[0], x[1]] },
        y: { range: () => [y[0], y[1]] },
      },
      series: [{}, ...lines.map(seriesOf)],
      cursor: { x: false, y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 4 } },
      hooks: { setCursor: [(u) => drawing.onhold(cursorOf(u))], setSelect: [(u) => select(u, drawing)] },
    },
    uPlot.join(lines.map(({ points }) => [points.x, points.y] as uPlot.AlignedData)),
    target,
  );
  const reset = () => drawing.onzoom(null);
  plot.over.addEventListener('dblclick', reset);
  return () => plot.destroy();
}

function seriesOf({ color, width, dots }: Line): uPlot.Series {
  return {
    stroke: color,
    width,
    spanGaps: false,
    points: dots > 0 ? { show: true, size: dots, width: 0, fill: color } : { show: false },
  };
}

function cursorOf(plot: uPlot): number | null {
  const { left } = plot.cursor;
  return left === undefined || left < 0 ? null : plot.posToVal(left, 'x');
}

function select(plot: uPlot, drawing: Drawing): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  drawing.onzoom([Math.floor(from), Math.ceil(to)]);
}

// Graphviz, started once for the whole page. The script that brings it stands in the page before this one.
import { layoutOf, type Layout } from '../../math/layout';

let started: Promise<(dot: string) => string> | undefined;

/** Throws where Graphviz is not in the file, or cannot be compiled here. */
export async function layOut(dot: string): Promise<Layout> {
  started ??= window.glassbertGraphviz?.() ?? Promise.reject(new Error('it is not in this file'));
  return layoutOf((await started)(dot));
}

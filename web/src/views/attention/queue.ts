// Long work in short pieces, so that the page answers while 144 heads are being computed.

const SLICE = 14;

export interface Work {
  readonly count: number;
  /** Without a pause: a printer does not wait. */
  readonly atOnce: boolean;
  work(i: number): void;
  ondone(done: number): void;
}

/** Do `work(0)`, `work(1)`, ... `work(count - 1)`, a few milliseconds at a time; the result stops it. */
export function inPieces({ count, atOnce, work, ondone }: Work): () => void {
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const go = () => {
    const until = atOnce ? Infinity : performance.now() + SLICE;
    while (next < count && performance.now() < until) work(next++);
    ondone(next);
    if (next < count) timer = setTimeout(go);
  };
  if (atOnce) go();
  else timer = setTimeout(go);
  return () => clearTimeout(timer);
}

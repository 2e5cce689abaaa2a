// Long work in short pieces, so that the page answers while 144 heads are being computed.

const SLICE = 14;

/** Do `work(0)`, `work(1)`, ... `work(count - 1)`, a few milliseconds at a time; the result stops it. */
export function inPieces(count: number, work: (i: number) => void, ondone: (done: number) => void): () => void {
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const go = () => {
    const until = performance.now() + SLICE;
    while (next < count && performance.now() < until) work(next++);
    ondone(next);
    if (next < count) timer = setTimeout(go);
  };
  timer = setTimeout(go);
  return () => clearTimeout(timer);
}

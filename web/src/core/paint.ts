const LATEST_MS = 120;

/** Do `work` once the first picture is on the screen; soon anyway where nothing is painted (a hidden tab). */
export function afterPaint(work: () => void): void {
  let done = false;
  const once = () => {
    if (!done) work();
    done = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, LATEST_MS);
}

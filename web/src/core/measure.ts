// How wide an element is, now and whenever that changes. A printer lays the page out anew without telling observers:
// `measureAll` makes every element look at itself again, at once.

const AGAIN = 'glassbert-measure';

export function measureAll(): void {
  dispatchEvent(new Event(AGAIN));
}

/** For `{@attach width((w) => ...)}`: calls back with the element's width in CSS pixels. */
export function width(callback: (width: number) => void): (element: Element) => () => void {
  return (element) => {
    const read = () => callback(Math.floor(element.getBoundingClientRect().width));
    const observer = new ResizeObserver(read);
    observer.observe(element);
    addEventListener(AGAIN, read);
    read();
    return () => {
      observer.disconnect();
      removeEventListener(AGAIN, read);
    };
  };
}

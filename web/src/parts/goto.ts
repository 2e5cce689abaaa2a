// Going to a section: the address says where, the section comes into view and takes the focus.
import type { Section, State } from '../core/state';

export function goTo(event: MouseEvent, section: Section, state: State): void {
  event.preventDefault();
  state.at = section;
  const target = document.getElementById(section);
  target?.scrollIntoView();
  target?.focus({ preventScroll: true });
}

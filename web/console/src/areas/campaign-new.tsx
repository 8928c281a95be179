/** A new campaign, or a copy of one. */

export default function View() {
  return null;
}

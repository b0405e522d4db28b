import { visibleText } from '../visible-text.js';

/** Enough for any id and any mask; a hostile name may be megabytes long. */
const longestShown = 80;
const longestTitle = 400;

/**
 * Text from data, kept apart from the text around it: a name that is written from right to left
 * turns nothing but itself. What is too long is cut, and whole in the tooltip as far as that goes.
 */
export function Data({ text }: { readonly text: string }) {
  const shown = visibleText(text, longestShown);
  return (
    <bdi class="data" {...(shown.endsWith('…') && { title: visibleText(text, longestTitle) })}>
      {shown}
    </bdi>
  );
}

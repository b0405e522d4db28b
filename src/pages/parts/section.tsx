import type { ComponentChildren } from 'preact';

/** A part of a page under its own heading. */
export function Section({
  id,
  title,
  note = null,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly note?: string | null;
  readonly children: ComponentChildren;
}) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {note !== null && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

/** A table that scrolls in its own frame where it is too wide, by keyboard too. */
export function TableFrame({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="frame" role="region" aria-label={`${label}, table`} tabIndex={0}>
      {children}
    </div>
  );
}

/** What could not be shown, and why. */
export function Problem({ text }: { readonly text: string }) {
  return (
    <p class="problem" role="note">
      {text}
    </p>
  );
}

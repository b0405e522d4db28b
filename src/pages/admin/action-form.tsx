import type { ComponentChildren } from 'preact';
import { visibleText } from '../visible-text.js';

const longestChoice = 60;

/** A form that changes something: it sends its session's token back. */
export function ActionForm({
  action,
  formToken,
  hidden = {},
  children,
}: {
  readonly action: string;
  readonly formToken: string;
  readonly hidden?: Readonly<Record<string, string | number>>;
  readonly children: ComponentChildren;
}) {
  return (
    <form class="action" method="post" action={action}>
      <input type="hidden" name="form" value={formToken} />
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {children}
    </form>
  );
}

/** A field under its label; `id` is unique on its page. */
export function FormField({
  id,
  label,
  hint = null,
  children,
}: {
  readonly id: string;
  readonly label: string;
  readonly hint?: string | null;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint !== null && (
        <small id={`${id}-hint`} class="quiet">
          {hint}
        </small>
      )}
    </div>
  );
}

/** One of a few, or all of them. */
export function ChoiceField({
  id,
  name,
  label,
  all,
  choices,
}: {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly all: string;
  readonly choices: readonly string[];
}) {
  return (
    <FormField id={id} label={label}>
      <select id={id} name={name}>
        <option value="">{all}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {visibleText(choice, longestChoice)}
          </option>
        ))}
      </select>
    </FormField>
  );
}

/** How long, as the configuration writes it. */
export function DurationField({ id, value }: { readonly id: string; readonly value: string }) {
  return (
    <FormField id={id} label="For" hint="such as 30m, 2h or 1d">
      <input
        id={id}
        name="for"
        value={value}
        required
        pattern="[0-9]+(ms|s|m|h|d|w)"
        size={6}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
      />
    </FormField>
  );
}

/** Words that others will read. */
export function WordsField({
  id,
  name,
  label,
}: {
  readonly id: string;
  readonly name: string;
  readonly label: string;
}) {
  return (
    <FormField id={id} label={label}>
      <input id={id} name={name} required maxLength={500} autocomplete="off" />
    </FormField>
  );
}

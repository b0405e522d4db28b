import { adminPaths } from '../links.js';
import type { PageView } from '../page-view.js';
import { ActionForm, ChoiceField, DurationField, FormField, WordsField } from './action-form.js';

/** Starts a watch, with what `watch start` takes. */
export function StartWatchForm({
  view: { facts, visitor },
  open,
}: {
  readonly view: PageView;
  /** Where there is nothing else to look at. */
  readonly open: boolean;
}) {
  if (visitor.kind !== 'admin') return null;
  const providers = facts.config.providers.map(({ name }) => name);
  return (
    <details class="form" open={open}>
      <summary>Start a watch</summary>
      <ActionForm action={adminPaths.startWatch} formToken={visitor.formToken}>
        <p>An active one of the same providers ends: a new watch restarts the clock.</p>
        <div class="fields">
          <WordsField id="note" name="note" label="What was fixed" />
          <DurationField id="watch-for" value="48h" />
          <ChoiceField
            id="watch-provider"
            name="provider"
            label="Provider"
            all="all"
            choices={providers}
          />
          <FormField id="prove" label="Prove" hint="tokens of each provider, refreshed on purpose">
            <input
              type="number"
              id="prove"
              name="prove"
              value="0"
              min="0"
              max="999"
              aria-describedby="prove-hint"
            />
          </FormField>
        </div>
        <p class="check">
          <input type="checkbox" id="accept-known" name="accept_known" value="yes" />
          <label for="accept-known">
            List what is wrong at the start in the verdict, instead of failing for it
          </label>
        </p>
        <button type="submit">Start</button>
      </ActionForm>
    </details>
  );
}

/** Ends a watch before its time. */
export function StopWatchForm({
  view: { visitor },
  id,
}: {
  readonly view: PageView;
  readonly id: number;
}) {
  if (visitor.kind !== 'admin') return null;
  return (
    <details>
      <summary>Stop watch {id} before its time</summary>
      <ActionForm action={adminPaths.stopWatch} formToken={visitor.formToken} hidden={{ id }}>
        <div class="fields">
          <WordsField id={`stop-${id}`} name="reason" label="Why" />
        </div>
        <button type="submit">Stop watch {id}</button>
      </ActionForm>
    </details>
  );
}

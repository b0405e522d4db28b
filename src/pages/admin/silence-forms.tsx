import { causes } from '../../notify/causes/causes.js';
import { adminPaths } from '../links.js';
import type { PageView } from '../page-view.js';
import { ActionForm, ChoiceField, DurationField, WordsField } from './action-form.js';

/** Keeps incidents from people for a while, with what `silence` takes. */
export function SilenceForm({ view: { facts, visitor } }: { readonly view: PageView }) {
  if (visitor.kind !== 'admin') return null;
  return (
    <details class="form">
      <summary>Silence incidents for a while</summary>
      <ActionForm action={adminPaths.silence} formToken={visitor.formToken}>
        <p>
          Nobody is told of them until it ends. They stay open, here and in the metrics; what is
          still open at the end is told then.
        </p>
        <div class="fields">
          <ChoiceField
            id="silence-provider"
            name="provider"
            label="Provider"
            all="all"
            choices={facts.config.providers.map(({ name }) => name)}
          />
          <ChoiceField
            id="silence-cause"
            name="cause"
            label="Cause"
            all="all"
            choices={causes.map(({ name }) => name)}
          />
          <DurationField id="silence-for" value="2h" />
          <WordsField id="silence-reason" name="reason" label="Why" />
        </div>
        <button type="submit">Silence</button>
      </ActionForm>
    </details>
  );
}

/** Ends a silence before its time. */
export function UnsilenceForm({
  formToken,
  id,
}: {
  readonly formToken: string;
  readonly id: number;
}) {
  return (
    <ActionForm action={adminPaths.unsilence} formToken={formToken} hidden={{ id }}>
      <button type="submit" class="plain" aria-label={`End silence ${id}`}>
        End
      </button>
    </ActionForm>
  );
}

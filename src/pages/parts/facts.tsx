import type { ComponentChildren } from 'preact';

/** A name and what it is; null: it says nothing, and is left out. */
export type Fact = readonly [name: string, value: ComponentChildren];

/** A list of facts, side by side where there is room. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

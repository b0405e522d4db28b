import { wasRead } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import type { Config } from '../config/config.js';
import type { PollSight } from '../pages/concerns.js';
import type { Sights } from '../pages/page-facts.js';

/**
 * What the pages see after a poll. A poll of several databases brings news of some of them only: of
 * the others it sees what was seen when they were last read.
 */
export function mergeSights(
  before: Sights,
  sight: PollSight,
  { providers }: Pick<Config, 'providers'>,
): Sights {
  const { assessment, memories } = sight;
  if (assessment.databaseFailure !== null) return { last: sight, lastGood: before.lastGood };
  if (assessment.unread.size === 0) return { last: sight, lastGood: sight };

  const earlier = before.lastGood;
  const remembered = new Map([...(earlier?.memories.providers ?? []), ...memories.providers]);
  const merged = { ...sight, memories: { ...memories, providers: remembered } };
  const away = new Map([...assessment.unread].filter(([, failure]) => failure !== null));
  const unread = providers.filter((provider) => !wasRead(assessment, provider));
  const sources = sourcesWhenRead(
    assessment,
    earlier?.assessment ?? null,
    unread.map(({ name }) => name),
  );
  return {
    last: { ...merged, assessment: { ...assessment, unread: away } },
    lastGood: { ...merged, assessment: { ...assessment, unread: new Map(), sources } },
  };
}

function sourcesWhenRead(
  { sources }: Assessment,
  earlier: Assessment | null,
  unread: readonly string[],
): Assessment['sources'] {
  return new Map(
    [...sources].map(([name, source]) => {
      const isUnread = unread.some((provider) => name.startsWith(`${provider}:`));
      return [name, isUnread ? (earlier?.sources.get(name) ?? source) : source];
    }),
  );
}

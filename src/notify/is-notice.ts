import { noticeKinds, severities } from './notice.js';
import type { Notice } from './notice.js';

/**
 * Whether what lies in the outbox can be told. Another version of the exporter may have written
 * it: what a message can't do without must be there, and what is new does not matter.
 */
export function isNotice(value: unknown): value is Notice {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const is = (type: 'string' | 'number', ...names: readonly (keyof Notice)[]) =>
    names.every((name) => typeof fields[name] === type);
  const isOrNull = (type: 'string' | 'number', ...names: readonly (keyof Notice)[]) =>
    names.every((name) => fields[name] === null || typeof fields[name] === type);
  return (
    is('string', 'incidentId', 'cause', 'title', 'explanation', 'nextStep', 'runbook') &&
    is('number', 'openedAtMs', 'atMs', 'affected') &&
    isOrNull('string', 'provider') &&
    isOrNull('number', 'outOf', 'previouslyAffected') &&
    noticeKinds.some((kind) => kind === fields['kind']) &&
    severities.some((severity) => severity === fields['severity']) &&
    Array.isArray(fields['accounts']) &&
    fields['accounts'].every(isAccount)
  );
}

function isAccount(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { subject, account } = value as { subject?: unknown; account?: unknown };
  return typeof subject === 'string' && (account === null || typeof account === 'string');
}

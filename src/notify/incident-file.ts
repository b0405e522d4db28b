import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { failedWith, writeDurably } from '../refresh/journal/durable-file.js';
import { ensureDirectory } from '../refresh/journal/journal-files.js';
import type { Incident } from '../store/incidents.js';

/** Where an incident is remembered while the database can't. */
export interface IncidentFile {
  /** null: there is none, or it can't be read. */
  readonly read: () => Promise<Incident | null>;
  /** null: there is none any more. Throws what the file system says. */
  readonly write: (incident: Incident | null) => Promise<void>;
}

const stored = z.object({
  id: z.uuid(),
  provider: z.string().nullable(),
  cause: z.string(),
  replica: z.string().nullable(),
  severity: z.string(),
  version: z.number(),
  firstSeenAtMs: z.number(),
  confirmed: z.boolean(),
  badPolls: z.number(),
  goodPolls: z.number(),
  countedAtMs: z.number(),
  decidedAtMs: z.number(),
  reminders: z.number(),
  silenced: z.boolean(),
  told: z.object({ atMs: z.number(), ids: z.array(z.string()) }).nullable(),
});

/** A file beside the journal, on the disk that survives this process. It holds no secret. */
export function incidentFile(directory: string): IncidentFile {
  const path = join(directory, 'incident.json');
  return {
    async read() {
      try {
        const { told, ...rest } = stored.parse(JSON.parse(await readFile(path, 'utf8')));
        return { ...rest, told: told && { atMs: told.atMs, ids: new Set(told.ids) } };
      } catch {
        // Missing or damaged: the worst that follows is one message too many.
        return null;
      }
    },
    async write(incident) {
      if (incident === null) {
        await rm(path, { force: true });
        return;
      }
      const { told, ...rest } = incident;
      const json = { ...rest, told: told && { atMs: told.atMs, ids: [...told.ids] } };
      try {
        await ensureDirectory(directory);
      } catch (error) {
        if (failedWith(error, 'ENOENT'))
          throw new Error(`${directory} is not there`, { cause: error });
        throw error;
      }
      await writeDurably(path, `${JSON.stringify(json)}\n`);
    },
  };
}

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The version of the types is part of the name, so that a newer one is generated anew. */
const cacheFile = () => {
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/@slack/types/package.json'), 'utf8'),
  ) as { version: string };
  return join(tmpdir(), `slack-known-blocks-${version}`, 'schema.json');
};

/** JSON schema of `KnownBlock`, generated from Slack's own types, which takes some seconds. */
function knownBlockSchema(): object {
  const file = cacheFile();
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch {
    const schema = createGenerator({
      path: join(root, 'node_modules/@slack/types/dist/block-kit/blocks.d.ts'),
      tsconfig: join(root, 'tsconfig.json'),
      type: 'KnownBlock',
      skipTypeCheck: true,
      additionalProperties: false,
    }).createSchema('KnownBlock');
    mkdirSync(join(file, '..'), { recursive: true });
    // Several test files may do this at once: whoever is last wins, and all write the same.
    const own = `${file}.${String(process.pid)}`;
    writeFileSync(own, JSON.stringify(schema));
    renameSync(own, file);
    return schema;
  }
}

let validateBlock: ReturnType<Ajv['compile']> | null = null;

/** What is structurally wrong with a block, by Slack's own types; empty when nothing is. */
export function structureProblems(block: unknown): string[] {
  validateBlock ??= new Ajv({ strict: false, allErrors: true }).compile(knownBlockSchema());
  if (validateBlock(block)) return [];
  const type = (block as { type?: unknown } | null)?.type;
  return (validateBlock.errors ?? [])
    .slice(0, 5)
    .map((error: ErrorObject) => `${String(type)}${error.instancePath} ${error.message ?? ''}`);
}

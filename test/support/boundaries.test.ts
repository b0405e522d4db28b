import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import tseslint from 'typescript-eslint';

/**
 * A negative control for the boundaries of eslint.config.js: a rule nobody has seen bite may have
 * been lost by a later block that configures the same rule again.
 */
const eslint = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked });

const boundaryRules = [
  'no-restricted-imports',
  'no-restricted-syntax',
  'no-restricted-properties',
  'no-restricted-globals',
];

async function violations(filePath: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath });
  const fatal = result?.messages.find((message) => message.fatal === true);
  if (result === undefined || fatal) throw new Error(fatal?.message ?? `${filePath} is ignored`);
  return result.messages
    .map((message) => message.ruleId ?? '')
    .filter((rule) => boundaryRules.includes(rule));
}

const importing = (module: string) => `import { x } from '${module}';\nx();\n`;
const importingTypeOf = (module: string) =>
  `import type { X } from '${module}';\nexport type Y = X;\n`;
const importingLazily = (module: string) => `export const x = await import('${module}');\n`;
const exporting = (module: string) => `export { x } from '${module}';\n`;

describe('a room imports only rooms before it', () => {
  it.each([
    ['src/config/a.ts', importing('../database/b.js')],
    ['src/config/presets/a.ts', importing('../../observe/b.js')],
    ['src/database/a.ts', importing('../store/b.js')],
    ['src/store/a.ts', importing('../observe/b.js')],
    ['src/observe/a.ts', importing('../assess/b.js')],
    ['src/observe/a.ts', importingTypeOf('../assess/b.js')],
    ['src/observe/a.ts', importingLazily('../assess/b.js')],
    ['src/observe/a.ts', exporting('../assess/b.js')],
    ['src/assess/a.ts', importing('../refresh/b.js')],
    ['src/refresh/a.ts', importing('../notify/b.js')],
    ['src/notify/a.ts', importing('../watch/b.js')],
    ['src/watch/a.ts', importing('../publish/b.js')],
    ['src/publish/a.ts', importing('../cycle.js')],
    ['src/publish/a.ts', importing('../commands/b.js')],
    ['src/schedule.ts', importing('./cycle.js')],
    ['src/cycle.ts', importing('./app.js')],
    ['src/app.ts', importing('./commands/b.js')],
    ['src/app.ts', importing('./demo/b.js')],
    ['src/main.ts', importing('./demo/b.js')],
    ['src/commands/a.ts', importing('../main.js')],
    ['src/publish/a.ts', importing('../demo/b.js')],
    ['src/demo/a.ts', importing('../observe/b.js')],
    ['src/demo/a.ts', importing('../app.js')],
    ['src/version.ts', importing('./observe/b.js')],
    ['src/unheard-of/a.ts', importing('../observe/b.js')],
  ])('%s may not say %j', async (filePath, code) => {
    expect(await violations(filePath, code)).not.toEqual([]);
  });

  it.each([
    ['src/database/a.ts', importing('../config/config.js')],
    ['src/observe/a.ts', importing('../database/b.js')],
    ['src/observe/a.ts', importing('./schedule.js')],
    ['src/observe/a.ts', importing('../version.js')],
    ['src/assess/a.ts', importing('../observe/b.js')],
    ['src/publish/a.ts', importing('../assess/b.js')],
    ['src/cycle.ts', importing('./publish/b.js')],
    ['src/app.ts', importing('./cycle.js')],
    ['src/commands/a.ts', importing('../app.js')],
    ['src/commands/a.ts', importing('../demo/b.js')],
    ['src/commands/a.ts', importingLazily('../demo/b.js')],
    ['src/demo/a.ts', importing('../config/config.js')],
    ['src/demo/a.ts', importing('../database/b.js')],
    ['src/main.ts', importing('./commands/b.js')],
  ])('%s may say %j', async (filePath, code) => {
    expect(await violations(filePath, code)).toEqual([]);
  });
});

describe('a pure room computes and nothing else', () => {
  const impure = [
    importing('node:fs'),
    importing('fs'),
    importing('node:timers/promises'),
    importing('pg'),
    importing('express'),
    importing('prom-client'),
    importing('node-schedule'),
    'export const x = Date.now();',
    'export const x = new Date();',
    'export const x = Date();',
    'export const x = Math.random();',
    'export const { random } = Math;',
    'export const x = process.env;',
    'export const x = performance.now();',
    'export const x = fetch;',
  ];
  const rooms = ['src/assess/a.ts', 'src/watch/deeper/a.ts'];

  it.each(rooms.flatMap((room) => impure.map((code) => [room, code])))(
    '%s may not say %j',
    async (filePath, code) => {
      expect(await violations(filePath, code)).not.toEqual([]);
    },
  );

  it('may build a Date from a value', async () => {
    const code = 'export const at = (ms: number) => new Date(ms);';
    expect(await violations('src/assess/a.ts', code)).toEqual([]);
  });
});

describe('what belongs in one place stays there', () => {
  const ambient = [
    'export const x = Date.now();',
    'export const x = new Date();',
    'export const x = Math.random();',
    "export const x = process.env['X'];",
    importing('node:process').replaceAll('x', 'env'),
  ];
  const outside = ['config', 'database', 'store', 'observe', 'refresh', 'notify', 'publish'];
  const inside = ['src/main.ts', 'src/app.ts', 'src/commands/a.ts', 'src/demo/a.ts'];

  it.each(
    [
      ...outside.map((room) => `src/${room}/a.ts`),
      'src/cycle.ts',
      'src/schedule.ts',
      'src/b.ts',
    ].flatMap((filePath) => ambient.map((code) => [filePath, code])),
  )('%s may not say %j', async (filePath, code) => {
    expect(await violations(filePath, code)).not.toEqual([]);
  });

  it.each(inside.flatMap((filePath) => ambient.map((code) => [filePath, code])))(
    '%s may say %j',
    async (filePath, code) => {
      expect(await violations(filePath, code)).toEqual([]);
    },
  );

  it('keeps node-schedule in src/schedule.ts', async () => {
    const code = importing('node-schedule');
    expect(await violations('src/app.ts', code)).not.toEqual([]);
    expect(await violations('src/cycle.ts', code)).not.toEqual([]);
    expect(await violations('src/schedule.ts', code)).toEqual([]);
  });

  it('keeps process.exit in src/main.ts', async () => {
    const code = 'process.exit(1);';
    expect(await violations('src/app.ts', code)).not.toEqual([]);
    expect(await violations('src/commands/a.ts', code)).not.toEqual([]);
    expect(await violations('src/main.ts', code)).toEqual([]);
  });
});

describe('tests', () => {
  it('do not mock modules', async () => {
    const code = "import { vi } from 'vitest';\nvi.mock('../../src/app.js');\n";
    expect(await violations('test/app/a.test.ts', code)).not.toEqual([]);
  });

  it('do not sleep', async () => {
    const sleep = 'await new Promise((resolve) => setTimeout(resolve, 100));';
    expect(await violations('test/app/a.test.ts', sleep)).not.toEqual([]);
    expect(await violations('test/app/a.test.ts', importing('node:timers/promises'))).not.toEqual(
      [],
    );
    expect(await violations('test/support/until.ts', importing('node:timers/promises'))).toEqual(
      [],
    );
  });
});

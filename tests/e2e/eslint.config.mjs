// ESLint's configuration for the pages, the JavaScript client and their tests. Run from the repository's root.
import js from '@eslint/js';
import compat from 'eslint-plugin-compat';
import globals from 'globals';

const GUEST_BROWSERS = ['safari 15.4', 'ios_saf 15.4', 'chrome 100', 'firefox 102'];
const STAFF_BROWSERS = ['safari 16.4', 'ios_saf 16.4', 'chrome 111', 'firefox 115'];

const rules = {
  curly: ['error', 'multi-line'],
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-shadow': 'error',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true }],
  'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

/** Used if it is there; the pages work without it. */
const OPTIONAL = ['navigator.wakeLock'];

/** Newer than the guests' browsers; the plugin below checks constructors and globals, not methods. */
const NEW_METHODS = [
  'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with', 'groupBy', 'withResolvers', 'fromAsync',
  'isWellFormed', 'intersection', 'union', 'difference', 'showPopover', 'hidePopover', 'togglePopover', 'checkVisibility',
  'requestClose',
];
const newMethods = {
  'no-restricted-syntax': [
    'error',
    {
      selector: `CallExpression > MemberExpression.callee > Identifier.property[name=/^(${NEW_METHODS.join('|')})$/]`,
      message: "Cannot call this: the guests' oldest browsers do not have it. Use an older method, or call it with `?.`.",
    },
    {
      selector: 'CallExpression > MemberExpression.callee[object.name="AbortSignal"]',
      message: 'AbortSignal.timeout and AbortSignal.any are missing in Safari 15.4. Use an AbortController.',
    },
  ],
};

function supported(files, browsers) {
  return { files, ...compat.configs['flat/recommended'], settings: { browsers, polyfills: OPTIONAL } };
}

export default [
  { ignores: ['web/vendor/', 'tests/e2e/clients/', '**/*.d.ts'] },
  js.configs.recommended,
  { files: ['web/**/*.js'], languageOptions: { globals: globals.browser }, rules },
  {
    files: ['tests/e2e/**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { ...rules, 'no-shadow': 'off' }, // functions that run in the page use the names of their callers
  },
  supported(['web/client/*.js', 'web/shared/**/*.js', 'web/guest/**/*.js'], GUEST_BROWSERS),
  supported(['web/{kitchen,waiter,manager,start}/**/*.js'], STAFF_BROWSERS),
  { files: ['web/client/*.js', 'web/shared/**/*.js', 'web/guest/**/*.js'], rules: newMethods },
];

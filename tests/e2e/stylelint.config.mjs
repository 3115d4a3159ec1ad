// What Stylelint holds the style sheets of the pages to. Run from the repository's root.

/** States of the domain and of connections are attributes, such as `data-status`, never class names. */
const STATES = [
  'pending', 'confirmed', 'ready', 'delivered', 'cancelled', 'voided', 'live', 'stale', 'reconnecting', 'closed',
  'good', 'warn', 'bad', 'late', 'due', 'done', 'gone', 'refused', 'taken',
];

const FORMAT = {
  // One-line rules are how these sheets are written; blank lines stand between groups of them.
  'at-rule-empty-line-before': null,
  'custom-property-empty-line-before': null,
  'declaration-block-single-line-max-declarations': null,
  'declaration-empty-line-before': null,
  'rule-empty-line-before': null,
};

export default {
  extends: 'stylelint-config-standard',
  reportDescriptionlessDisables: true,
  reportInvalidScopeDisables: true,
  reportNeedlessDisables: true,
  rules: {
    ...FORMAT,
    'declaration-block-no-redundant-longhand-properties': null,
    'declaration-no-important': true,
    'max-nesting-depth': 2,
    // Safari 15.4 and Chrome 100 do not know the range notation.
    'media-feature-range-notation': 'prefix',
    // Layers decide between components, not the order of rules.
    'no-descending-specificity': null,
    // A page is mirrored for right-to-left languages only if it names no physical side.
    'property-layout-mappings': 'flow-relative',
    // iOS Safari knows this one by its prefix alone.
    'property-no-vendor-prefix': [true, { ignoreProperties: ['-webkit-text-size-adjust'] }],
    'selector-disallowed-list': [new RegExp(`\\.(${STATES.join('|')})\\b(?!-)`)],
    'selector-max-id': 0,
    'selector-max-specificity': '0,5,1',
    'value-keyword-layout-mappings': 'flow-relative',
  },
};

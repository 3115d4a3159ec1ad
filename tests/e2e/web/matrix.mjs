// Combinations of conditions of the phones and screens in one restaurant.

/** Conditions of a guest's visit and their values; the first value is the usual one. */
export const GUEST_CONDITIONS = {
  window: ['phone', 'tablet', 'tablet on its side', 'desktop'],
  pointer: ['touch', 'mouse'],
  text: ['text 100 %', 'text 200 %'],
  clock: ['right clock', 'clock 2 h fast', 'clock 2 h slow'],
  storage: ['storage kept', 'storage blocked'],
  tabs: ['one tab', 'two tabs'],
  proxy: ['no proxy', 'proxy answers 504 in JSON', 'proxy answers 504 in HTML'],
  browser: ['new browser', 'oldest browser'],
};

/** Conditions of the staff's work. */
export const STAFF_CONDITIONS = {
  window: GUEST_CONDITIONS.window,
  pointer: GUEST_CONDITIONS.pointer,
  text: GUEST_CONDITIONS.text,
  clock: GUEST_CONDITIONS.clock,
  storage: GUEST_CONDITIONS.storage,
  proxy: GUEST_CONDITIONS.proxy,
};

/** Every combination, each as factor -> value. */
export function everyCombination(factors) {
  return Object.entries(factors).reduce(
    (combinations, [factor, values]) => combinations.flatMap((each) => values.map((value) => ({ ...each, [factor]: value }))),
    [{}],
  );
}

/** A deterministic choice of combinations in which any two values of different factors occur together. */
export function pairedCombinations(factors) {
  const every = everyCombination(factors);
  const pairsOf = (combination) => {
    const values = Object.values(combination);
    return values.flatMap((value, index) => values.slice(index + 1).map((other) => `${value} / ${other}`));
  };
  const missing = new Set(every.flatMap(pairsOf));
  const chosen = [];
  while (missing.size > 0) {
    const gain = (combination) => pairsOf(combination).filter((pair) => missing.has(pair)).length;
    const best = every.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    pairsOf(best).forEach((pair) => missing.delete(pair));
    chosen.push(best);
  }
  return chosen;
}

export const nameOf = (combination) => Object.values(combination).join(', ');

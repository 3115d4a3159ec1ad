/** The allergens and their names in the reader's language. */

import { t } from './i18n.js';

/** In the order of EU Regulation 1169/2011, Annex II. */
export const ALLERGENS = [
  'gluten', 'crustaceans', 'eggs', 'fish', 'peanuts', 'soybeans', 'milk', 'nuts', 'celery', 'mustard', 'sesame', 'sulphites',
  'lupin', 'molluscs',
];

export const allergenName = (allergen) => t.maybe(`shared.allergens.${allergen}`) ?? allergen;

/** The allergens of an item with its chosen options, from `optionsOf`; null if those of any part are not declared. */
export function allergensOf(item, options) {
  const parts = [item, ...options].map(({ allergens }) => allergens ?? null);
  return parts.includes(null) ? null : [...new Set(parts.flat())].sort();
}

/** The allergens and their names in the reader's language. */

import { t } from './i18n.js';

/** In the order of EU Regulation 1169/2011, Annex II. */
export const ALLERGENS = [
  'gluten', 'crustaceans', 'eggs', 'fish', 'peanuts', 'soybeans', 'milk', 'nuts', 'celery', 'mustard', 'sesame', 'sulphites',
  'lupin', 'molluscs',
];

export const allergenName = (allergen) => t.maybe(`shared.allergens.${allergen}`) ?? allergen;

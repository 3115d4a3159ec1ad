/** Allergens as people name them. */

import { t } from './i18n.js';

/** In the order of EU regulation 1169/2011, annex II. */
export const ALLERGENS = [
  'gluten', 'crustaceans', 'eggs', 'fish', 'peanuts', 'soybeans', 'milk', 'nuts', 'celery', 'mustard', 'sesame', 'sulphites',
  'lupin', 'molluscs',
];

export const allergenName = (allergen) => t.maybe(`shared.allergens.${allergen}`) ?? allergen;

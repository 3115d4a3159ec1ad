/**
 * The allergens that an item of a ticket shows. Declared allergens are always shown. If the guest's note mentions an
 * allergy, "none" and "not declared" are shown, too. The pattern misses some wordings, so the note itself is always
 * shown. Pure.
 */

/** Words for allergies in English, German, French, Italian and Spanish. */
const ALLERGY = /all?[eé]rg|intol[eé]ran|intoller|unvertr[aä]glich|c(oe|œ|e)liac|c(oe|œ)liaque|c[eé]l[ií]a[cq]|z[oö]liak|anaph[yi]la/i;

export const mentionsAllergy = (note) => ALLERGY.test(note ?? '');

/**
 * The key of the text about an item's allergens; null if none is shown.
 * @param {{allergens?: string[] | null, notes: string}} item
 */
export function allergenText({ allergens, notes }) {
  if (allergens && allergens.length > 0) return 'contains';
  if (!mentionsAllergy(notes)) return null;
  return allergens ? 'none' : 'undeclared';
}

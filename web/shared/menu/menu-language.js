/** Translates the menu. Pure. */

const base = (tag) => tag.toLowerCase().split('-')[0];

/** The languages that a menu has translations for, as BCP 47 tags. */
export function languagesOf({ categories, option_groups = [] }) {
  const parts = [
    ...categories.flatMap((category) => [category, ...category.items]),
    ...option_groups.flatMap((group) => [group, ...group.options]),
  ];
  return [...new Set(parts.flatMap(({ translations }) => Object.keys(translations ?? {})))].sort();
}

/** The best of these languages for a locale; empty, which is the original, if none matches. */
export function languageFor(tags, locale) {
  return tags.find((tag) => tag === locale) ?? tags.find((tag) => base(tag) === base(locale)) ?? '';
}

/**
 * The menu in a language; parts without a translation stay in the original. Each item gets its option groups in
 * `groups`, each translated part its language in `lang`. An item of which no portion is left is not available. Menus of
 * earlier releases have no option groups.
 */
export function inLanguage(menu, language) {
  const translated = ({ translations, ...part }) => {
    const translation = translations?.[language];
    if (!translation) return part;
    return { ...part, name: translation.name, description: translation.description || part.description, lang: language };
  };
  const groups = new Map((menu.option_groups ?? []).map((group) => [
    group.id, { ...translated(group), options: group.options.map(translated) },
  ]));
  const item = (each) => ({
    ...translated(each), available: each.available && each.portions !== 0, groups: (each.option_group_ids ?? []).map((id) => groups.get(id)).filter(Boolean),
  });
  return { ...menu, categories: menu.categories.map((each) => ({ ...translated(each), items: each.items.map(item) })) };
}

/** The menu in one of its languages. Pure. */

const base = (tag) => tag.toLowerCase().split('-')[0];

/** The languages that a menu has translations for, as BCP 47 tags. */
export function languagesOf({ categories, option_groups = [] }) {
  const parts = [
    ...categories.flatMap((category) => [category, ...category.items]),
    ...option_groups.flatMap((group) => [group, ...group.options]),
  ];
  return [...new Set(parts.flatMap(({ translations }) => Object.keys(translations ?? {})))].sort();
}

/** The one of these languages for a reader's locale; empty, the menu as it was written, if there is none. */
export function languageFor(tags, locale) {
  return tags.find((tag) => tag === locale) ?? tags.find((tag) => base(tag) === base(locale)) ?? '';
}

/**
 * The menu in a language, with what has no translation as it was written. Each item has its option groups in
 * `groups`; each translated part has the language in `lang`. A menu of an earlier release has no options.
 */
export function inLanguage(menu, language) {
  const translated = ({ translations, ...part }) => {
    const found = translations?.[language];
    if (!found) return part;
    return { ...part, name: found.name, description: found.description || part.description, lang: language };
  };
  const groups = new Map((menu.option_groups ?? []).map((group) => [
    group.id, { ...translated(group), options: group.options.map(translated) },
  ]));
  const item = (each) => ({
    ...translated(each), groups: (each.option_group_ids ?? []).map((id) => groups.get(id)).filter(Boolean),
  });
  return { ...menu, categories: menu.categories.map((each) => ({ ...translated(each), items: each.items.map(item) })) };
}

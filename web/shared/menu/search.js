/** The search for dishes. Pure. */

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** The items in whose names each typed word begins a word. */
export function findItems(items, text) {
  const typed = plain(text).split(/\s+/).filter(Boolean);
  return items.filter(({ name }) => {
    const words = plain(name).split(/[^\p{L}\p{N}]+/u);
    return typed.every((part) => words.some((word) => word.startsWith(part)));
  });
}

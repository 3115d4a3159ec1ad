/** What outlives the page, as JSON; a browser that keeps nothing forgets it with the page. */

const PREFIX = 'restaurant-qr-';
const fallback = new Map();

export function remember(key, value) {
  const text = JSON.stringify(value);
  fallback.set(key, text);
  try {
    localStorage.setItem(PREFIX + key, text);
  } catch {
    // private browsing, or no room
  }
}

export function recall(key, otherwise = null) {
  let text = fallback.get(key);
  try {
    text = localStorage.getItem(PREFIX + key) ?? text;
    return text == null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function forget(key) {
  fallback.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // nothing is kept there
  }
}

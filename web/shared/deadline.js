/** A signal that aborts after `ms` milliseconds; `AbortSignal.timeout` is missing in Safari 15.4. */
export function deadline(ms) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}

/** Notifications in the reader's language; what people wrote themselves stays as they wrote it. */

import { t } from '../shared/app.js';

export function sentence(note, { money }) {
  if (note.kind === 'call') return t(`waiter.calls.${note.reason}`);
  if (note.kind === 'payment') {
    return t('waiter.notes.payment', { amount: money(note.amount), method: t(`waiter.methods.${note.method}`) });
  }
  const values = { count: note.items_count };
  return t.maybe(`waiter.notes.${note.kind}`, values) ?? note.message;
}

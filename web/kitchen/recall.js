/** Recalls a ready item: at once while its order is confirmed, with a reason once the order is ready. */

import { html, Sheet, t, useState, withErrorNotice } from '../shared/app.js';
import { canRecall } from './permissions.js';

/** `labelledBy` is the id of the element that names the item. */
export function Recall({ item, order, labelledBy }) {
  const [isOpen, setOpen] = useState(false);
  const [sending, setSending] = useState(false);
  if (item.status !== 'ready' || !['confirmed', 'ready'].includes(order.status) || !canRecall()) return null;
  const recall = async (reason) => {
    if (sending) return;
    setSending(true);
    await withErrorNotice(order.recall(item.item_id, reason));
    setSending(false);
    setOpen(false);
  };
  return html`
    <button class="button quiet recall" aria-describedby=${labelledBy} aria-busy=${sending}
      onClick=${() => (order.status === 'ready' ? setOpen(true) : recall())}>${t('kitchen.recall')}</button>
    ${isOpen && html`<${RecallSheet} name=${item.name} sending=${sending} onRecall=${recall} onClose=${() => setOpen(false)} />`}
  `;
}

function RecallSheet({ name, sending, onRecall, onClose }) {
  const [reason, setReason] = useState('');
  const submit = (event) => {
    event.preventDefault();
    onRecall(reason.trim());
  };
  return html`
    <${Sheet} title=${t('kitchen.recall_item', { name })} onClose=${onClose}>
      <form class="recall-form" onSubmit=${submit}>
        <label class="field">${t('kitchen.reason')}
          <input required maxlength="200" autocomplete="off" value=${reason} onInput=${(event) => setReason(event.target.value)} />
        </label>
        <button class="button main wide" disabled=${!reason.trim()} aria-busy=${sending}>${t('kitchen.recall')}</button>
      </form>
    <//>
  `;
}

import shared from '../../shared/texts/en.js';

export default {
  shared,
  kitchen: {
    title: 'Kitchen',
    todo: 'To do',
    ready: 'Ready to be served',
    count: { one: '{count} order', other: '{count} orders' },
    quiet: 'All done. New orders appear here automatically.',
    table: 'Table {number}',
    order: 'No. {id}',
    is_new: { one: 'New: table {tables}', other: 'New: tables {tables}' },
    was_cancelled: { one: 'Cancelled: table {tables}', other: 'Cancelled: tables {tables}' },
    cancelled: 'Cancelled',
    put_away: 'Seen, remove',
    reading: 'The dishes are still loading.',
    refreshed: {
      one: '{count} order is not live: this browser cannot follow more open orders. It is updated every 15 seconds.',
      other: '{count} orders are not live: this browser cannot follow more open orders. They are updated every 15 seconds.',
    },
    late: 'Late',
    soon: 'Due',
    confirm: 'Confirm',
    finish: 'All ready',
    waits: 'Waiting for pick-up',
    item_ready: 'ready',
    voided: 'cancelled',
    sending: 'Sending …',
    look_only: 'This screen is read-only. Open the sign-in link from your manager.',
    may_sleep: 'This screen may turn off. Disable that in the device’s settings.',
    sound: { on: 'Sound is on', off: 'Sound is off', blocked: 'Sound is off – tap to hear new orders' },
  },
};

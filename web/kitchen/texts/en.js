import shared from '../../shared/texts/en.js';

export default {
  shared,
  kitchen: {
    title: 'Kitchen',
    todo: 'To do',
    ready: 'Ready to be served',
    count: { one: '{count} order', other: '{count} orders' },
    quiet: 'All done. New orders appear here by themselves.',
    table: 'Table {number}',
    order: 'No. {id}',
    is_new: { one: 'New: table {tables}', other: 'New: tables {tables}' },
    was_cancelled: { one: 'Cancelled: table {tables}', other: 'Cancelled: tables {tables}' },
    cancelled: 'Cancelled',
    put_away: 'Seen, remove it',
    reading: 'The dishes are still loading.',
    refreshed: {
      one: '{count} order is not live: there are more open orders than this browser can follow. It is updated every 15 seconds.',
      other: '{count} orders are not live: there are more open orders than this browser can follow. They are updated every 15 seconds.',
    },
    late: 'Late',
    soon: 'Due',
    confirm: 'Confirm',
    finish: 'All ready',
    waits: 'Waits for pick-up',
    item_ready: 'ready',
    voided: 'cancelled',
    sending: 'Sending …',
    look_only: 'This screen may look, but not act. Open the sign-in link of your manager.',
    may_sleep: 'This screen may fall asleep: switch that off in its settings.',
    sound: { on: 'Sound is on', off: 'Sound is off', blocked: 'Sound is off – tap to hear new orders' },
  },
};

import shared from '../../shared/texts/de.js';

export default {
  shared,
  kitchen: {
    title: 'Küche',
    todo: 'Zu tun',
    ready: 'Fertig zum Servieren',
    count: { one: '{count} Bestellung', other: '{count} Bestellungen' },
    quiet: 'Alles erledigt. Neue Bestellungen erscheinen hier automatisch.',
    table: 'Tisch {number}',
    order: 'Nr. {id}',
    is_new: { one: 'Neu: Tisch {tables}', other: 'Neu: Tische {tables}' },
    was_cancelled: { one: 'Storniert: Tisch {tables}', other: 'Storniert: Tische {tables}' },
    cancelled: 'Storniert',
    put_away: 'Gesehen, entfernen',
    reading: 'Die Gerichte werden noch geladen.',
    refreshed: {
      one: '{count} Bestellung ist nicht live: Dieser Browser kann nicht noch mehr offene Bestellungen verfolgen. Sie wird alle 15 Sekunden aktualisiert.',
      other: '{count} Bestellungen sind nicht live: Dieser Browser kann nicht noch mehr offene Bestellungen verfolgen. Sie werden alle 15 Sekunden aktualisiert.',
    },
    late: 'Zu spät',
    soon: 'Fällig',
    confirm: 'Annehmen',
    finish: 'Alles fertig',
    waits: 'Wartet auf Abholung',
    item_ready: 'fertig',
    voided: 'storniert',
    sending: 'Wird gesendet …',
    look_only: 'Dieser Bildschirm zeigt nur an. Öffnen Sie den Anmeldelink der Leitung.',
    may_sleep: 'Dieser Bildschirm kann sich abschalten. Deaktivieren Sie das in den Einstellungen des Geräts.',
    sound: { on: 'Ton ist an', off: 'Ton ist aus', blocked: 'Ton ist aus – tippen, um neue Bestellungen zu hören' },
  },
};

/**
 * Says so if a page cannot start: a file that does not arrive, an error while its modules load, or a
 * browser that is too old for them. A plain script without imports, in words that every browser knows.
 */
(function () {
  'use strict';
  const TEXTS = {
    en: [
      'This page could not start.',
      'Reload it. If that does not help, update this browser, or ask the staff.',
      'Reload',
    ],
    de: [
      'Diese Seite konnte nicht starten.',
      'Laden Sie sie neu. Hilft das nicht, aktualisieren Sie diesen Browser, oder fragen Sie das Personal.',
      'Neu laden',
    ],
  };

  function element(name, text, parent) {
    const made = document.createElement(name);
    made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  function show() {
    if (document.querySelector('main')) return; // the page has started: it shows its errors itself
    const texts = /^de/i.test(navigator.language) ? TEXTS.de : TEXTS.en;
    const main = element('main', '', document.body);
    main.className = 'failure';
    main.setAttribute('role', 'alert');
    element('h1', texts[0], main);
    element('p', texts[1], main);
    const again = element('button', texts[2], main);
    again.className = 'button main';
    again.onclick = function () { location.reload(); };
  }

  function failed(event) {
    const target = event.target;
    if (target && target !== window && target.tagName !== 'SCRIPT') return; // a picture, a style sheet
    if (document.body) show();
    else document.addEventListener('DOMContentLoaded', show);
  }

  window.addEventListener('error', failed, true);
  window.addEventListener('unhandledrejection', failed);
})();

/**
 * Shows an error if a page cannot start: a file is missing, a module throws while loading, or the browser is too
 * old. A plain script without imports, in syntax that old browsers can parse.
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

  function append(name, text, parent) {
    const element = document.createElement(name);
    element.textContent = text;
    parent.appendChild(element);
    return element;
  }

  function show() {
    if (document.querySelector('main')) return; // the page has started and shows its own errors
    const texts = /^de/i.test(navigator.language) ? TEXTS.de : TEXTS.en;
    const main = append('main', '', document.body);
    main.className = 'failure';
    main.setAttribute('role', 'alert');
    append('h1', texts[0], main);
    append('p', texts[1], main);
    const reload = append('button', texts[2], main);
    reload.className = 'button main';
    reload.onclick = function () { location.reload(); };
  }

  function onError(event) {
    const target = event.target;
    if (target && target !== window && target.tagName !== 'SCRIPT') return; // an image or a style sheet
    if (document.body) show();
    else document.addEventListener('DOMContentLoaded', show);
  }

  window.addEventListener('error', onError, true);
  window.addEventListener('unhandledrejection', onError);
})();

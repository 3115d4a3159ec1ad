/**
 * Shows an error if a page cannot start: a file is missing, a module throws while loading, or the browser is too
 * old. Preloads the texts of a packaged page. A plain script without imports, in syntax that old browsers can parse.
 */
(function () {
  'use strict';
  const TEXTS = {
    ar: [
      'تعذّر بدء هذه الصفحة.',
      'يُرجى إعادة تحميلها. إن لم يفد ذلك، يُرجى تحديث هذا المتصفح أو سؤال الموظفين.',
      'إعادة التحميل',
    ],
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
    es: [
      'No se ha podido abrir esta página.',
      'Recárgala. Si no funciona, actualiza este navegador o pregunta al personal.',
      'Recargar',
    ],
    fr: [
      'Cette page n’a pas pu démarrer.',
      'Rechargez-la. Si cela ne suffit pas, mettez ce navigateur à jour ou adressez-vous au personnel.',
      'Recharger',
    ],
    it: [
      'Impossibile avviare questa pagina.',
      'Ricaricala. Se non basta, aggiorna questo browser o chiedi al personale.',
      'Ricarica',
    ],
  };

  /** The reader's language, chosen as in `i18n.js`. */
  function languageAmong(languages) {
    const param = /[?&]lang=([^&]*)/.exec(location.search);
    const tags = (param ? [param[1]] : []).concat(navigator.languages || navigator.language || []);
    const found = tags.map(function (tag) { return tag.toLowerCase().split('-')[0]; })
      .filter(function (language) { return languages.indexOf(language) >= 0; });
    return found[0] || 'en';
  }

  /** Load the reader's texts while the page's script loads. `urls` has an address per language. */
  function preloadTexts(urls) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = urls[languageAmong(Object.keys(urls))];
    document.head.appendChild(link);
  }

  function append(name, text, parent) {
    const element = document.createElement(name);
    element.textContent = text;
    parent.appendChild(element);
    return element;
  }

  function show() {
    if (document.querySelector('main')) return; // the page has started and shows its own errors
    const language = languageAmong(Object.keys(TEXTS));
    const sentences = TEXTS[language];
    const main = append('main', '', document.body);
    main.className = 'failure';
    main.lang = language;
    main.dir = language === 'ar' ? 'rtl' : 'ltr';
    main.setAttribute('role', 'alert');
    append('h1', sentences[0], main);
    append('p', sentences[1], main);
    const reload = append('button', sentences[2], main);
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

  const texts = document.currentScript.getAttribute('data-texts');
  if (texts) preloadTexts(JSON.parse(texts));
})();

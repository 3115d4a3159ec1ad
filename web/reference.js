// Starts Swagger UI on the page of the HTTP API, `/api/docs`.

const { SwaggerUIBundle } = /** @type {any} */ (window);

document.documentElement.classList.toggle('dark-mode', matchMedia('(prefers-color-scheme: dark)').matches);
SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null, // the default sends the document's URL to a validator on another host
});

// Starts Swagger UI over this server's own document. A file of its own: the pages allow no inline script.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The dialects' routes answer with and without a slash at the end; one of the two is enough to read.
function withoutTwins(document) {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (operation.operationId.endsWith("_too")) delete operations[method];
    }
    if (Object.keys(operations).length === 0) delete document.paths[path];
  }
  return document;
}

function start(source) {
  SwaggerUIBundle({
    ...source,
    dom_id: "#explorer",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    defaultModelExpandDepth: 3,
    displayRequestDuration: true,
    filter: true,
    validatorUrl: null,
    persistAuthorization: false,
  });
}

// Requests go to the server that sent the page, also below a path prefix or at an address that is not the public one.
function servedFromHere(document) {
  return { ...document, servers: [{ url: new URL(".", window.location.href).href.replace(/\/$/, "") }] };
}

// `docs?dialects` shows the document of the dialects.
const source = new URLSearchParams(location.search).has("dialects") ? "dialects/openapi.json" : "openapi.json";
const link = document.querySelector("a.document");
link.href = source;
link.textContent = source;

fetch(source)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
  .then((document) => start({ spec: servedFromHere(withoutTwins(document)) }))
  .catch(() => start({ url: source }));

import { dirname } from 'node:path';
import express, { Router } from 'express';
import type { OpenApiDocument } from '../http/openapi';
import { openApiDocument } from '../http/openapi';
import { notesOf } from '../http/request-log';
import type { RouteDefinition } from '../http/route';

const VERSION = '0.1.0';

const PAGE = `<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Medex API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/init.js"></script>
</body>
</html>
`;

/** No inline script: the page lives under the same CSP as everything else. */
const SCRIPT = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/** `/openapi.json` and the page at `/docs`. The document is made at the first request and kept. */
export function docsRouter(routes: readonly RouteDefinition[]): Router {
  let document: OpenApiDocument | undefined;
  const router = Router();
  router.use(['/openapi.json', '/docs'], (req, res, next) => {
    notesOf(res).route = req.baseUrl;
    next();
  });
  router.get('/openapi.json', (_req, res) => {
    document ??= openApiDocument(routes, VERSION);
    res.json(document);
  });
  router.get('/docs', (_req, res) => {
    res.type('html').send(PAGE);
  });
  router.get('/docs/init.js', (_req, res) => {
    res.type('js').send(SCRIPT);
  });
  const assets = dirname(require.resolve('swagger-ui-dist/package.json'));
  const setHeaders = (res: express.Response): void => void res.setHeader('Cache-Control', 'public, max-age=86400');
  router.use('/docs/assets', express.static(assets, { index: false, fallthrough: true, setHeaders }));
  return router;
}

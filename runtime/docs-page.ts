/** The readable page at `/docs`: Swagger UI over the service's own `/openapi.json`. */
import express, { type Express } from 'express';
import { absolutePath } from 'swagger-ui-dist';

/** Mounts before the API, whose last word on an unknown path is 404. */
export function withDocsPage(api: Express, title: string): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/docs', (_request, response) => void response.type('html').send(page(title)));
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START));
  app.use('/docs', express.static(absolutePath(), { index: false, maxAge: '1d' }));
  app.use(api);
  return app;
}

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: true });\n`;

function page(title: string): string {
  const name = title.replaceAll(/[<>&"]/g, '');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`;
}

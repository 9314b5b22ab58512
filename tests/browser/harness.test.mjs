// The harness itself: what it promises to see, it sees. Needs no server of the product.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { PHONE, isForeign, launch, openContext, overflowPixels } from './browser.mjs';

const WIDE = '<!doctype html><html lang="fr"><meta name="viewport" content="width=device-width"><div style="width:900px">x</div>';
const CALLING = '<!doctype html><html lang="fr"><img src="https://elsewhere.example/pixel.png"><script>fetch("https://elsewhere.example/a").catch(() => {}); new WebSocket("wss://elsewhere.example/b");</script>';

let browser;
let server;
let origin;

before(async () => {
  server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(request.url === '/wide' ? WIDE : CALLING);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

test('requests and sockets to another origin are blocked and recorded', async () => {
  const { context, foreign } = await openContext(browser, origin);
  const page = await context.newPage();
  await page.goto(origin, { waitUntil: 'networkidle' });
  await context.close();
  const urls = [...new Set(foreign)].sort();
  assert.deepEqual(urls, [
    'https://elsewhere.example/a',
    'https://elsewhere.example/pixel.png',
    'wss://elsewhere.example/b',
  ]);
});

test('a page wider than a phone is measured', async () => {
  const { context } = await openContext(browser, origin, { viewport: PHONE });
  const page = await context.newPage();
  await page.goto(`${origin}/wide`);
  assert.ok((await overflowPixels(page)) > 0);
  await context.close();
});

test('axe finds what is wrong with a page', async () => {
  const { context } = await openContext(browser, origin);
  const page = await context.newPage();
  await page.goto(origin);
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a']).analyze();
  await context.close();
  assert.ok(violations.some(({ id }) => id === 'image-alt'));
});

test('errors of a page and of its console are recorded', async () => {
  const { context, errors } = await openContext(browser, origin);
  const page = await context.newPage();
  await page.goto(`${origin}/wide`);
  await page.evaluate(() => console.error('told to the console'));
  const thrown = context.waitForEvent('weberror');
  await page.evaluate(() => setTimeout(() => { throw new Error('uncaught'); }, 0));
  await thrown;
  await context.close();
  assert.ok(errors.some((text) => text.includes('told to the console')));
  assert.ok(errors.some((text) => text.includes('uncaught')));
});

test('origins are told apart by scheme, host and port', () => {
  const home = 'https://localhost:8443';
  assert.equal(isForeign('https://localhost:8443/live', home), false);
  assert.equal(isForeign('wss://localhost:8443/live', home), false);
  assert.equal(isForeign('data:image/png;base64,AA', home), false);
  assert.equal(isForeign('https://localhost:9443/', home), true);
  assert.equal(isForeign('http://localhost:8443/', home), true);
  assert.equal(isForeign('https://example.org/', home), true);
});

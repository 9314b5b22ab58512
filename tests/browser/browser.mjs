// Browsers for the tests: headless Chromium that sends nothing of its own, a phone's and a desk's viewport, and a record
// of every request to another origin. Must not be here: knowledge of a particular screen (that is `screens.mjs`).
import { chromium } from 'playwright-core';

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };

// As root Chromium has no sandbox; the rest keeps the browser itself from calling home.
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A Chromium of its own with a fresh profile; close it with `close()`. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/**
 * A context (cookies and storage of its own) that may talk to `origin` only. Requests to any other origin are blocked
 * and collected in `foreign`; uncaught errors of pages and what the console calls an error in `errors`. Being `guarded`
 * takes every request of the context, its own origin's too, through this process: a benchmark goes without.
 */
export async function openContext(browser, origin, { viewport = DESKTOP, locale = 'fr-FR', colorScheme = 'light', javaScriptEnabled = true, guarded = true } = {}) {
  const phone = viewport.width < 600;
  const context = await browser.newContext({
    viewport,
    locale,
    colorScheme,
    javaScriptEnabled,
    timezoneId: 'Europe/Paris',
    ignoreHTTPSErrors: true, // the demo's certificate is its own
    hasTouch: phone,
    isMobile: phone,
    reducedMotion: 'reduce',
  });
  const foreign = [];
  const errors = [];
  if (guarded) await guard(context, origin, foreign);
  context.on('weberror', (error) => errors.push(String(error.error())));
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  context.setDefaultTimeout(15_000);
  return { context, foreign, errors };
}

async function guard(context, origin, foreign) {
  await context.route(
    (url) => isForeign(url, origin),
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  await context.routeWebSocket(
    (url) => isForeign(url, origin),
    (socket) => {
      foreign.push(socket.url());
      return socket.close();
    },
  );
}

/** Whether a URL leaves the origin; data and blob URLs do not, and a socket counts as its page's origin. */
export function isForeign(url, origin) {
  const target = new URL(url);
  if (target.protocol === 'data:' || target.protocol === 'blob:' || target.protocol === 'about:') return false;
  const home = new URL(origin);
  const scheme = { 'ws:': 'http:', 'wss:': 'https:' }[target.protocol] ?? target.protocol;
  return scheme !== home.protocol || target.host !== home.host;
}

/** How many pixels the page is wider than its viewport; 0 when nothing scrolls sideways. */
export function overflowPixels(page) {
  return page.evaluate(() => {
    const root = document.scrollingElement ?? document.documentElement;
    return Math.max(0, root.scrollWidth - root.clientWidth);
  });
}

/** Waits until whatever moves and comes to an end has ended: what is still fading in is neither read nor pictured rightly. */
export async function still(page) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.all(ending.map((one) => one.finished.catch(() => undefined)));
  });
}

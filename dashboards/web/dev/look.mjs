// A development aid: opens the screens in headless Chromium, takes pictures and runs axe. Usage:
//   node dev/look.mjs BASE_URL OUTPUT_DIR PRACTICE PRACTITIONER STAFF_LINK_PATH [only]
// CHROMIUM names the browser when it is not /usr/bin/chromium.
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const [base, out, practice, practitioner, staff, only] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let findings = 0;
let cookies = [];
for (const [size, viewport] of [['phone', { width: 390, height: 844 }], ['desktop', { width: 1440, height: 900 }]]) {
  const context = await browser.newContext({ viewport, ignoreHTTPSErrors: true, hasTouch: size === 'phone', deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.log(`${size}: page error: ${error.message}`));
  page.on('console', (message) => { if (message.type() === 'error') console.log(`${size}: console: ${message.text()}`); });
  page.on('request', (request) => { if (new URL(request.url()).origin !== new URL(base).origin && !/^(ws|blob|data)/.test(request.url())) console.log(`${size}: external request ${request.url()}`); });
  const look = async (name, axe = true) => {
    await page.waitForTimeout(700);
    await page.screenshot({ path: `${out}/${size}-${name}.png`, fullPage: false });
    if (!axe) return;
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
    for (const violation of violations) {
      findings += 1;
      console.log(`${size} ${name}: ${violation.id} (${violation.impact}) ${violation.nodes.length}: ${violation.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? ''}`).join(' | ')}`);
    }
  };
  if (only !== 'staff') {
    await page.goto(`${base}/mentions-legales`);
    await look('legal');
    await page.goto(`${base}/p/${practice}`);
    await page.waitForSelector('.people');
    await look('practice');
    await page.goto(`${base}/p/${practice}/${practitioner}`);
    await page.waitForSelector('[data-testid=slot]');
    await look('slots');
    const slot = page.getByTestId('slot').nth(2);
    await slot.click();
    await page.getByTestId('hold-countdown').waitFor();
    await look('held');
    await page.getByTestId('form-confirm').click();
    await look('mistakes');
    await page.getByTestId('form-given-name').fill('Camille');
    await page.getByTestId('form-family-name').fill('Durand');
    await page.getByTestId('form-email').fill('camille@exemple.fr');
    await page.getByTestId('form-confirm').click();
    await page.getByTestId('confirmation').waitFor();
    await look('confirmed');
    await page.getByTestId('manage-link').click();
    await page.waitForSelector('.ticket');
    await look('manage');
    const cancel = page.getByTestId('cancel-booking');
    if (await cancel.count()) {
      await cancel.click();
      await look('manage-ask');
      await page.getByTestId('cancel-yes').click();
      await page.getByTestId('cancelled').waitFor();
      await look('cancelled');
    }
  }
  if (only !== 'patient' && staff) {
    await page.goto(`${base}/agenda`);
    await look('sign-in');
    if (size === 'phone') {
      await page.goto(`${base}${staff}`);
      await page.reload();
      await page.waitForSelector('[data-testid=connection-state]');
      cookies = await context.cookies();
    } else {
      // The link serves once: the second browser brings the first one's session.
      await context.addCookies(cookies);
      await page.goto(`${base}/agenda`);
    }
    await page.waitForSelector('[data-testid=connection-state][data-state=live]');
    await look('agenda');
    const views = page.getByTestId('view-week');
    await views.first().click();
    await look('week');
    const month = page.getByTestId('view-month');
    if (await month.count()) {
      await month.click();
      await look('month');
    }
    await page.getByTestId('view-day').first().click();
    const booking = page.getByTestId('booking').first();
    if (await booking.count()) {
      await booking.click();
      await look('booking');
      await page.getByTestId('move-booking').click();
      await look('move');
      await page.keyboard.press('Escape');
    }
    await page.getByTestId('new-booking').first().click();
    await look('new-booking');
    await page.keyboard.press('Escape');
    await page.goto(`${base}/agenda/reglages`);
    await page.waitForSelector('[data-testid=rule]');
    await look('settings');
    await page.getByTestId('edit-type').first().click();
    await look('edit-type');
  }
  await context.close();
}
await browser.close();
console.log(`axe findings: ${findings}`);

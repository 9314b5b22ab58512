// One look at a page as it stands: nothing that axe calls a violation of WCAG level A or AA, nothing that scrolls sideways.
// With PICTURES=folder each look leaves a picture there.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { overflowPixels, still } from './browser.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** What axe reports and we let stand: `{ rule, selector, reason }`. At most one. */
export const EXCEPTIONS = JSON.parse(await readFile(new URL('accessibility-exceptions.json', import.meta.url), 'utf8'));

let pictures = 0;

export async function look(page, name = 'page') {
  await still(page);
  if (process.env.PICTURES) {
    await mkdir(process.env.PICTURES, { recursive: true });
    pictures += 1;
    const file = `${process.pid}-${String(pictures).padStart(2, '0')}-${name.replace(/[^a-z0-9]+/gi, '-')}.png`;
    await page.screenshot({ path: join(process.env.PICTURES, file), fullPage: true });
  }
  const builder = new AxeBuilder({ page }).withTags(TAGS);
  const { violations } = await builder.analyze();
  const found = violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => ({ id, help, target: target.flat().join(' '), failureSummary })));
  const open = found.filter(({ id, target }) => !EXCEPTIONS.some(({ rule, selector }) => rule === id && target.includes(selector)));
  assert.deepEqual(open, []);
  assert.equal(await overflowPixels(page), 0, 'the page scrolls sideways');
}

// Makes pictures of pages for the documentation. usage: node pictures.mjs CHROMIUM TASK.json
// A task: { url, cookie, sessions, pictures: [{ path, lang, who, width, tallest, press, file }] }; prints what each holds.
import fs from "node:fs";
import { given, launch, print } from "../../browser/chromium.mjs";
import { withPalette } from "./palette.mjs";

const { url, cookie, sessions, pictures } = JSON.parse(fs.readFileSync(given[0], "utf8"));
const browser = await launch();
const empty = await browser.newPage();
const seen = [];
for (const { path, lang, who, width, tallest, press, file } of pictures) {
  const context = await browser.newContext({ locale: lang, viewport: { width, height: 900 }, reducedMotion: "reduce" });
  if (who) await context.addCookies([{ name: cookie, value: sessions[who], url }]);
  const page = await context.newPage();
  const answer = await page.goto(url + path);
  if (press) {
    await page.getByRole("button", { name: press }).click();
    await page.locator("#check button:not([disabled])").waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement.blur());
  }
  // Without the footer, which is the same on all pages.
  const foot = await page.evaluate(() => Math.ceil(document.querySelector("main").getBoundingClientRect().bottom + scrollY));
  const taken = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(foot, tallest) } });
  fs.writeFileSync(file, await withPalette(empty, taken));
  seen.push({ file, status: answer.status(), text: await page.locator("main").innerText() });
  await context.close();
}
await browser.close();
print(seen);

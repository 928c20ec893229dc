// Reads the form and a judged report in Chromium, then answers the served form as a person does: script is off.
// usage: node form.mjs CHROMIUM SERVED_URL VALID_UNTIL PAGE.html ... ; what it needs is installed in ../browser
import { pathToFileURL } from "node:url";
import { given, launch, overflow, print, violations } from "../browser/chromium.mjs";

const [url, until, ...files] = given;
const browser = await launch();
const results = [];
for (const file of files) {
  for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]]) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, reducedMotion: "reduce" });
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    results.push({
      file, width, requests: requests.length, overflow: await overflow(page), violations: await violations(page),
    });
    await page.close();
  }
}

const context = await browser.newContext({ javaScriptEnabled: false, reducedMotion: "reduce" });
const page = await context.newPage();
await page.goto(url);
await page.locator('[name="reviewer"]').fill("Ada");
await page.locator('[name="role"]').fill("auditor");
await page.locator('[name="interest"]').fill("none");
await page.locator('[name="1.decision"][value="not_met"]').check();
await page.locator('[name="1.reason"]').fill("\n=first\nsecond");
await page.getByRole("button").click();
const alert = await page.getByRole("alert").innerText();
await page.locator('[name="valid_until"]').fill(until);
await page.getByRole("button").click();
const last = await page.locator("main").innerText();
await browser.close();
print({ results, alert, last });

// Reads the form and a judged report in Chromium, then answers the served form as a person does: script is off.
// usage: node form.mjs CHROMIUM SERVED_URL PAGE.html ... ; what it needs is installed in ../browser
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../browser/", import.meta.url));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const [executablePath, url, ...files] = process.argv.slice(2);
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update"];
const browser = await chromium.launch({ executablePath, args: quiet });
const results = [];
for (const file of files) {
  for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]]) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, reducedMotion: "reduce" });
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    results.push({
      file, width, requests: requests.length,
      overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      violations: violations.map(({ id, nodes }) => ({ id, places: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) })),
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
await page.locator('[name="valid_until"]').fill(process.env.VALID_UNTIL);
await page.getByRole("button").click();
const last = await page.locator("main").innerText();
await browser.close();
process.stdout.write(JSON.stringify({ results, alert, last }));

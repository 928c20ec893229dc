// Runs axe on pages in Chromium and prints what it finds, as JSON. usage: node axe_pages.mjs CHROMIUM PAGE.html ...
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../browser/", import.meta.url));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const [executablePath, ...files] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] });
const results = [];
for (const file of files) {
  for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]]) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    results.push({
      width, colorScheme, requests,
      violations: found.violations.map(({ id, nodes }) => ({ id, where: nodes.slice(0, 5).map(({ target }) => target) })),
      overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    });
    await page.close();
  }
}
await browser.close();
console.log(JSON.stringify(results));

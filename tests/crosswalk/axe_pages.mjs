// Runs axe on pages in Chromium and prints what it finds, as JSON. usage: node axe_pages.mjs CHROMIUM PAGE.html ...
import { pathToFileURL } from "node:url";
import { given, launch, overflow, print, violations } from "../browser/chromium.mjs";

const browser = await launch();
const results = [];
for (const file of given) {
  for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]]) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
    results.push({ width, colorScheme, requests, violations: await violations(page), overflow: await overflow(page) });
    await page.close();
  }
}
await browser.close();
print(results);

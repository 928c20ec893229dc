// Reads pages in Chromium as people do, and prints as JSON what is wrong with them and what they did.
// usage: node axe.mjs CHROMIUM PAGE.html=LOOK,LOOK ... ; what it needs is installed in ../browser
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../browser/", import.meta.url));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const [executablePath, ...given] = process.argv.slice(2);
const tasks = given.map((text) => [text.slice(0, text.lastIndexOf("=")), text.slice(text.lastIndexOf("=") + 1).split(",")]);
const files = tasks.map(([file]) => file);
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update"];
const looks = [
  { name: "light", colorScheme: "light", width: 1280 },
  { name: "dark", colorScheme: "dark", width: 1280 },
  { name: "narrow", colorScheme: "light", width: 360 },
  { name: "print", colorScheme: "light", width: 800, media: "print" },
  { name: "unchecked", colorScheme: "light", width: 1280, unchecked: true },
];

const browser = await chromium.launch({ executablePath, args: quiet });
const results = [];
for (const [file, wanted] of tasks) {
  for (const look of looks.filter(({ name }) => wanted.includes(name))) {
    const page = await browser.newPage({
      viewport: { width: look.width, height: 800 }, colorScheme: look.colorScheme, reducedMotion: "reduce",
    });
    const requests = [], messages = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(String(error)));
    if (look.media) await page.emulateMedia({ media: look.media });
    const started = Date.now();
    await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
    const milliseconds = Date.now() - started;
    if (!look.unchecked) await page.evaluate(axe);
    await page.evaluate(() => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
    const run = () => globalThis.axe.run(document, { resultTypes: ["violations"] });
    const { violations } = look.unchecked ? { violations: [] } : await page.evaluate(run);
    results.push({
      file, look: look.name, milliseconds, requests, messages,
      overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      violations: violations.map(({ id, help, nodes }) => ({ id, help, places: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) })),
    });
    await page.close();
  }
}

// What a person does with the keyboard alone on the first page; script is off, as on any page of ours.
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: false, reducedMotion: "reduce" });
const page = await context.newPage();
await page.goto(pathToFileURL(files[0]).href);
const acts = {};
await page.keyboard.press("Tab");
acts.firstStop = await page.locator(":focus").getAttribute("href");
const shown = async () => page.locator(".requirement:visible").count();
acts.allShown = await shown();
await page.locator("#show-all").focus();
await page.keyboard.press("ArrowRight");
acts.chosen = await page.locator("input:checked").getAttribute("id");
acts.chosenShown = await shown();
acts.emptyFrameworks = await page.locator(".none-shown:visible").count();
await page.locator("#show-all").check();
const folded = page.locator(".evidence-group details:not([open]) tbody tr[id]").first();
const target = await folded.getAttribute("id");
acts.hiddenBefore = !(await folded.isVisible());
await page.goto(`${pathToFileURL(files[0]).href}#${target}`);
acts.shownAfter = await page.locator(`#${target}`).isVisible();
await context.close();

await browser.close();
process.stdout.write(JSON.stringify({ results, acts }));

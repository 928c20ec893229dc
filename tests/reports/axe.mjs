// Reads pages in Chromium as people do, and prints as JSON what is wrong with them and what they did.
// usage: node axe.mjs CHROMIUM PAGE.html=LOOK,LOOK ... ; what it needs is installed in ../browser
import { pathToFileURL } from "node:url";
import { given, launch, overflow, print, violations } from "../browser/chromium.mjs";

const tasks = given.map((text) => [text.slice(0, text.lastIndexOf("=")), text.slice(text.lastIndexOf("=") + 1).split(",")]);
const files = tasks.map(([file]) => file);
const looks = [
  { name: "light", colorScheme: "light", width: 1280 },
  { name: "dark", colorScheme: "dark", width: 1280 },
  { name: "narrow", colorScheme: "light", width: 360 },
  { name: "print", colorScheme: "light", width: 800, media: "print" },
  { name: "unchecked", colorScheme: "light", width: 1280, unchecked: true },
];

const browser = await launch();
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
    await page.evaluate(() => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
    results.push({
      file, look: look.name, milliseconds, requests, messages,
      overflow: await overflow(page),
      violations: look.unchecked ? [] : await violations(page),
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
print({ results, acts });

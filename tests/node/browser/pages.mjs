// Looks at pages as people do: with axe, on a phone, by keyboard. usage: node pages.mjs CHROMIUM TASKS.json
// A task is a visit: { path, lang, who, width, dark, walk, thin, post: { type, body }, main }; what each saw is printed.
import fs from "node:fs";
import { given, launch, overflow, print, violations } from "../../browser/chromium.mjs";

const { url, cookie, sessions, visits } = JSON.parse(fs.readFileSync(given[0], "utf8"));
const AT_ONCE = 3;
const NARROW = 360;
const ALIKE = 6;
const UNFOLDED = 12; // folds that axe looks into, from the top: a report has hundreds, and its own tests
const browser = await launch();
const windows = new Map();

// A window of its own for who looks, how; it is used again, as a person would.
async function windowFor({ who, lang, dark, width }) {
  const key = [who, lang, dark, width].join();
  const made = windows.get(key) ?? { idle: [], context: browser.newContext({
    locale: lang, colorScheme: dark ? "dark" : "light", viewport: { width, height: 900 }, reducedMotion: "reduce",
  }).then(async (context) => {
    if (who) await context.addCookies([{ name: cookie, value: sessions[who], url }]);
    return context;
  }) };
  windows.set(key, made);
  return { page: made.idle.pop() ?? await (await made.context).newPage(), idle: made.idle };
}

// A form as it comes back when it was filled in wrongly: the visit is sent as the form would be.
const sentAs = (page, { path, post }) => page.route(url + path, (route) => route.continue({
  method: "POST", postData: Buffer.from(post.body, "base64"),
  headers: { ...route.request().headers(), "content-type": post.type, origin: url },
}), { times: 1 });

// A page that was spoilt on its way, to show that this is noticed.
const spoil = (page, { path, main }) => page.route(url + path, async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: (await answer.text()).replace(/<main.*<\/main>/s, () => main) });
}, { times: 1 });

// Where the keyboard should stop, and where it does: each stop once, seen, in the window, and out at the end.
async function walk(page) {
  await page.evaluate(() => {
    const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const shown = (item) => item.checkVisibility() && !item.disabled;
    const once = (item) => (item.type === "radio" ? document.querySelector(`input[type=radio][name="${CSS.escape(item.name)}"]`) : item);
    globalThis.stops = { expected: new Set([...document.querySelectorAll(all)].filter(shown).map(once)), once, seen: [], marked: new Set() };
    document.activeElement.blur();
    scrollTo(0, 0);
  });
  const faults = [];
  for (let left = 2000; left > 0; left -= 1) {
    await page.keyboard.press("Tab");
    const fault = await page.evaluate(() => {
      const item = document.activeElement;
      if (item === document.body) return null;
      const place = item.getBoundingClientRect();
      const marked = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
      // A field for a day is several stops; on its button the browser draws a ring of its own, which no style tells.
      const visible = stops.marked.has(item) || [item, item.nextElementSibling].some((one) => one && marked(getComputedStyle(one)));
      if (visible && item.type === "date") stops.marked.add(item);
      const inside = place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth;
      stops.seen.push(stops.once(item));
      return { html: item.outerHTML.slice(0, 120), visible, inside };
    });
    if (fault === null) break;
    if (!fault.visible || !fault.inside) faults.push(fault);
    if (left === 1) faults.push({ html: "the keyboard does not get out" });
  }
  const missed = await page.evaluate(() => [...stops.expected].filter((item) => !stops.seen.includes(item)).map((item) => item.outerHTML.slice(0, 120)));
  const first = await page.evaluate(() => stops.seen[0]?.getAttribute("href"));
  return { faults, missed, first };
}

// Of a hundred alike only the first stay: most of the time goes to rows that differ in their words alone.
const thinOut = (page) => page.evaluate((most) => {
  for (const parent of document.querySelectorAll("main, main *")) {
    const met = new Map();
    for (const item of [...parent.children]) {
      if (item.tagName === "SECTION") continue;
      const kind = `${item.tagName} ${item.classList[0] ?? ""}`;
      met.set(kind, (met.get(kind) ?? 0) + 1);
      if (met.get(kind) > most) item.remove();
    }
  }
}, ALIKE);

async function visit(task) {
  const { page, idle } = await windowFor(task);
  await page.setViewportSize({ width: task.width, height: 900 });
  const requests = [], messages = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => messages.push({ text: message.text(), where: message.location().url }));
  page.on("pageerror", (error) => messages.push({ text: String(error), where: "" }));
  if (task.post) await sentAs(page, task);
  if (task.main) await spoil(page, task);
  const answer = await page.goto(url + task.path, { waitUntil: "load" });
  const status = answer.status();
  const seen = {
    ...task, status, requests, landed: page.url(),
    ...await page.evaluate(() => ({
      language: document.documentElement.lang, direction: document.documentElement.dir,
      headings: document.querySelectorAll("h1").length, alerts: document.querySelectorAll("[role=alert]").length,
    })),
  };
  if (task.walk) seen.steps = await walk(page);
  await page.evaluate((most) => [...document.querySelectorAll("details")].slice(0, most).forEach((item) => { item.open = true; }), UNFOLDED);
  seen.overflow = await overflow(page);
  if (task.thin) await thinOut(page);
  seen.violations = await violations(page);
  await page.setViewportSize({ width: NARROW, height: 700 });
  seen.narrow = await overflow(page);
  // That the document itself is answered with an error is no surprise where one is asked for.
  seen.messages = messages.filter(({ text, where }) => !(status >= 400 && where === url + task.path && text.startsWith("Failed to load")));
  page.removeAllListeners();
  idle.push(page);
  return seen;
}

const results = new Array(visits.length);
let next = 0;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (next < visits.length) {
    const number = next++;
    results[number] = await visit(visits[number]);
  }
}));
await browser.close();
print(results);

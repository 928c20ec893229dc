// What people do here with the keyboard alone, in a browser that runs no script. usage: node plain.mjs CHROMIUM TASK.json
// The only thing that a hand does here and the keyboard does not is to choose a file.
import fs from "node:fs";
import { given, launch, print } from "../../browser/chromium.mjs";

const { url, cookie, session, password, table, entry } = JSON.parse(fs.readFileSync(given[0], "utf8"));
const browser = await launch();
const seen = {};
const open = async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: "en", viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(15_000);
  return context.newPage();
};

const isFocused = (place) => place.evaluate((item) => item === document.activeElement);

// Goes on by Tab until something has the focus: forwards, and once around the page.
async function reach(page, place) {
  await place.waitFor();
  for (let stops = 0; stops < 300; stops += 1) {
    if (await isFocused(place)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${place} on ${page.url()}`);
}
async function enter(page, label, text, within = page) {
  await reach(page, within.getByLabel(label, { exact: true }));
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(text);
}
async function push(page, role, name, within = page) {
  const place = within.getByRole(role, { name, exact: true }).first();
  await reach(page, place);
  await Promise.all([page.waitForEvent("domcontentloaded"), page.keyboard.press("Enter")]);
}
async function tick(page, label, within = page) {
  await reach(page, within.getByLabel(label, { exact: true }));
  await page.keyboard.press("Space");
}
// One of several: Tab goes to the group, arrows within it.
async function choose(page, legend, label, within = page) {
  const group = within.getByRole("group", { name: legend, exact: true });
  const wanted = group.getByLabel(label, { exact: true });
  const radios = group.getByRole("radio");
  const inside = async () => radios.evaluateAll((items) => items.includes(document.activeElement));
  for (let stops = 0; !(await inside()); stops += 1) {
    if (stops === 300) throw new Error(`the keyboard does not reach ${legend}`);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Space");
  for (let steps = await radios.count(); steps > 0 && !(await wanted.isChecked()); steps -= 1) await page.keyboard.press("ArrowDown");
  if (!(await wanted.isChecked())) throw new Error(`${label} can't be chosen`);
}
const said = (page, role = "status") => page.getByRole(role).first().innerText();

// A visitor skips to the content, searches, reads, and objects.
const visitor = await open();
await visitor.goto(url);
await visitor.keyboard.press("Tab");
await visitor.keyboard.press("Enter");
seen.skippedTo = new URL(visitor.url()).hash;
await visitor.keyboard.press("Tab");
seen.firstInContent = await visitor.locator(":focus").getAttribute("name");
await visitor.keyboard.type("look for work");
await Promise.all([visitor.waitForEvent("domcontentloaded"), visitor.keyboard.press("Enter")]);
await push(visitor, "link", "Ranking of people who look for work");
await push(visitor, "link", "Object to this entry, or see its signature and proof");
seen.withoutScript = await visitor.locator("noscript").innerText();
await push(visitor, "link", "Object");
await enter(visitor, "What is wrong, and why?", "It ranks people of 50 years lower.");
await enter(visitor, "Who objects?", "B. Citizen");
await push(visitor, "button", "Object");
seen.objection = await said(visitor);
const disputed = visitor.url().split(/[?#]/)[0];
// A fold is opened and closed.
await visitor.goto(`${url}/log`);
await reach(visitor, visitor.locator("summary").first());
await visitor.keyboard.press("Enter");
seen.unfolded = await visitor.locator("details pre").first().isVisible();
await visitor.keyboard.press("Space");
seen.foldedAgain = !(await visitor.locator("details pre").first().isVisible());
// A language that is chosen once stays.
await push(visitor, "link", "العربية");
await push(visitor, "link", "التقييمات");
seen.language = await visitor.locator("html").getAttribute("lang");
await push(visitor, "link", "English");

// An officer logs in, with a mistake first, and answers the objection.
const officer = await open();
await officer.goto(`${url}/objections`);
await enter(officer, "Login", "officer");
await enter(officer, "Password", "wrong wrong wrong");
await push(officer, "button", "Log in");
seen.wrongPassword = await said(officer, "alert");
await enter(officer, "Password", password);
await push(officer, "button", "Log in");
seen.landed = new URL(officer.url()).pathname;
const article = officer.locator("article").filter({ hasText: "people of 50 years" });
await choose(officer, "Decision", "accepted in part", article);
await enter(officer, "Answer", "We measure it again.", article);
await push(officer, "button", "Answer", article);
await visitor.goto(disputed);
seen.answered = await visitor.locator(".reply").last().innerText();

// The officer registers a system in steps, and corrects a mistake by the link to it.
await push(officer, "link", "Drafts");
await push(officer, "button", "New entry");
const next = () => push(officer, "button", "Save and go on");
await enter(officer, "Name", "Pothole finder");
await choose(officer, "What is it?", "a system");
await choose(officer, "How far is it?", "pilot");
await enter(officer, "Since when?", "last year");
await next();
seen.mistake = await said(officer, "alert");
await reach(officer, officer.getByRole("alert").getByRole("link"));
await officer.keyboard.press("Enter");
seen.ledTo = new URL(officer.url()).hash;
await enter(officer, "Since when?", "2026-01-31");
await next();
await enter(officer, "Whose law applies?", "DE");
await tick(officer, "I don't know", officer.locator(".field", { has: officer.locator("#languages") }));
await next();
await choose(officer, "What does it do to that decision?", "it informs, a person decides");
for (const step of ["decision", "people", "supplier"]) {
  seen[step] = new URL(officer.url()).pathname.endsWith(step);
  await next();
}
for (const group of await officer.locator("fieldset.law > legend").allInnerTexts()) await choose(officer, group, "No");
await push(officer, "button", "Leave the rest open");
await next();
await push(officer, "button", "Publish");
seen.published = await said(officer);
const place = officer.url().split("?")[0];

// It is withheld, with a reason, and shown again.
const look = async () => (await visitor.goto(place)).status();
seen.shown = [await look()];
for (const [level, reason] of [["nobody outside the offices", "A tender is open."], ["everybody", "The tender is over."]]) {
  const form = officer.locator("form[action$='/disclosure']");
  await choose(officer, "Who may read it", level, form);
  await enter(officer, "Reason", reason, form);
  await push(officer, "button", "Withhold or publish", form);
  seen.shown.push(await look());
}

// A spreadsheet: looked at with its mistakes, one row left out, the other taken.
await push(officer, "link", "Drafts");
await push(officer, "link", "Import a spreadsheet");
await officer.getByLabel("Table (CSV or XLSX)").setInputFiles({ name: "systems.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
await push(officer, "button", "Look at it");
seen.rows = await officer.locator("main .lede").innerText();
await tick(officer, "Take row 3");
await push(officer, "button", "Publish the ticked rows as entries");
await visitor.goto(`${url}/systems?q=sorter`);
seen.imported = await visitor.locator("table.register tbody tr").count();

// What the office's own entry looks like to somebody who only reads, and the way out.
const reader = await open();
await reader.context().addCookies([{ name: cookie, value: session, url }]);
await reader.goto(url + entry);
seen.readerMayChange = await reader.getByRole("button", { name: "Withhold or publish" }).count();
await push(officer, "link", "Officer Example");
await push(officer, "button", "Log out");
seen.afterLogout = (await officer.goto(`${url}/register`)).url().split("?")[0].slice(url.length);

await browser.close();
print(seen);

// Hands in a table in Chromium, watches it, and reads every page on the way with axe. Called with
// CHROMIUM URL COOKIE_NAME COOKIE TABLE; prints what it saw as JSON.
import { given, launch, overflow, print, violations } from "../../browser/chromium.mjs";

const [url, name, value, table] = given;
const browser = await launch();
const seen = { violations: [], errors: [], overflow: 0, live: [], reloads: 0 };

async function context(options) {
  const made = await browser.newContext(options);
  await made.addCookies([{ name, value, url }]);
  return made;
}
async function read(page, what) {
  seen.violations.push(...(await violations(page)).map(({ id, places }) => `${what}: ${id}: ${places[0]}`));
  seen.overflow = Math.max(seen.overflow, await overflow(page));
}
async function fill(page) {
  await page.getByLabel("Which column says what really happened?").fill("outcome");
  await page.getByLabel("Which value in it counts as “yes”?").fill("1");
  await page.getByLabel("Which column says what the system predicted?").fill("predicted");
  await page.getByLabel("… this value").fill("1");
  await page.getByLabel("Which columns say to which group a person belongs?").fill("sex");
  await page.getByLabel("Files: a model, a table").setInputFiles(table);
  await page.getByLabel("I may upload these files").focus();
  await page.keyboard.press("Space");
}
// With JavaScript, on a phone.
const phone = await context({ viewport: { width: 360, height: 740 } });
const page = await phone.newPage();
page.on("pageerror", (error) => seen.errors.push(String(error)));
for (const language of ["en", "ar"]) {
  await page.goto(`${url}/assess?lang=${language}`);
  await read(page, `form in ${language}`);
}
await page.goto(`${url}/assess?lang=en`);
await page.getByLabel("Which column says what really happened?").fill("outcome");
await page.getByLabel("Files: a model, a table").setInputFiles(table);
await page.getByLabel("I may upload these files").check();
await page.getByRole("button", { name: "Upload and assess" }).click();
await page.getByRole("alert").waitFor();
await read(page, "form with a mistake");
await page.goto(`${url}/assess?lang=en`);
await fill(page);
await page.getByRole("button", { name: "Upload and assess" }).click();
await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
const born = () => page.evaluate(() => performance.timeOrigin);
const first = await born();
await page.locator("#told li.result").first().waitFor({ timeout: 60000 });
seen.sameDocument = (await born()) === first;
seen.live = await page.locator("#told li").allTextContents();
await page.getByRole("link", { name: "Read the assessment" }).waitFor({ timeout: 60000 });
await read(page, "job that is done");
await page.goto(`${url}/jobs?lang=en`);
await read(page, "list of jobs");
// A page that its script does not bring forward, so that axe can read it while the job runs.
const still = await phone.newPage();
await still.route("**/progress.js", (route) => route.abort());
await still.goto(`${url}/assess?lang=en`);
await fill(still);
await still.getByRole("button", { name: "Upload and assess" }).click();
await still.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
await read(still, "job that runs");
seen.cancellable = await still.getByRole("button", { name: "Cancel" }).isVisible();
// Without JavaScript, by keyboard alone from the files on.
const plain = await (await context({ javaScriptEnabled: false })).newPage();
await plain.goto(`${url}/assess?lang=en`);
await fill(plain);
await plain.keyboard.press("Tab");
await plain.keyboard.press("Enter");
await plain.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
plain.on("framenavigated", () => (seen.reloads += 1));
await plain.getByRole("link", { name: "Read the assessment" }).waitFor({ timeout: 90000 });
await browser.close();
print(seen);

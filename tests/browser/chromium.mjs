// What every script that looks at our pages starts with: Chromium that asks nobody anything, and axe.
// A script is called with CHROMIUM and what it shall look at, and prints what it saw as JSON.
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const source = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"); // half of what axe-core calls its source
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update"];

export const launch = () => chromium.launch({ executablePath: process.argv[2], args: quiet });
export const given = process.argv.slice(3);

export async function violations(page) {
  await page.evaluate(source);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, help, nodes }) => ({ id, help, places: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) }));
}

export const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export const print = (seen) => process.stdout.write(JSON.stringify(seen));

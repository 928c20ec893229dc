// The check of a proof in the browser: on statements as they are served, and as somebody in between has altered them.
// usage: node proof.mjs CHROMIUM TASK.json
import fs from "node:fs";
import { given, launch, print, violations } from "../../browser/chromium.mjs";

const { url, statements, other } = JSON.parse(fs.readFileSync(given[0], "utf8"));
const browser = await launch();
const context = await browser.newContext({ locale: "en" });
const [first] = statements;
const seen = { altered: {} };

// What each line of the check says: that it holds, or that it does not.
async function check(digest, changes = []) {
  const page = await context.newPage();
  for (const [path, change] of changes) {
    await page.route(`${url}${path}`, async (route) => {
      const answer = await route.fetch();
      await (change ? route.fulfill({ response: answer, body: await change(await answer.text()) }) : route.abort());
    });
  }
  await page.goto(`${url}/statements/${digest}`);
  const button = page.getByRole("button", { name: "Check it in this browser" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.locator(".checks li").first().waitFor();
  await page.locator("#check button:not([disabled])").waitFor();
  const said = await page.locator(".checks li").evaluateAll((items) => items.map((item) => [item.className, item.textContent]));
  seen.words = JSON.parse(await page.locator("#check").getAttribute("data-words"));
  const faults = changes.length ? [] : await violations(page);
  await page.close();
  return { said, faults };
}

const at = (digest, what) => `/api/v1/statements/${digest}/${what}`;
const withEnvelope = (change) => [[at(first, "envelope"), (line) => JSON.stringify(change(JSON.parse(line)))]];
const withProof = (change) => [[at(first, "proof"), change]];
const otherDigit = (text) => text.replace(/[A-Za-z0-9]/, (digit) => (digit === "A" ? "B" : "A"));
const lineOf = (change, wanted) => (file) => file.split("\n").map((line, number, all) => (wanted(number, all) ? change(line) : line)).join("\n");
const inPayload = (change) => (envelope) => ({
  ...envelope, payload: Buffer.from(change(Buffer.from(envelope.payload, "base64").toString())).toString("base64"),
});
const emptyLine = (all) => all.indexOf("");
const served = async (path) => (await (await context.request.get(url + path)).text());

const altered = {
  "a word of the statement": withEnvelope(inPayload((text) => text.replace(/20\d\d-/, "1999-"))),
  "the signature": withEnvelope((envelope) => ({ ...envelope, signatures: [{ ...envelope.signatures[0], sig: otherDigit(envelope.signatures[0].sig) }] })),
  "the key that is stated": withEnvelope(inPayload((text) => text.replace(/"publicKey":"(.)/, (all, one) => all.slice(0, -1) + (one === "A" ? "B" : "A")))),
  "another statement in its place": [[at(first, "envelope"), () => served(at(other, "envelope"))]],
  "the place in the log": withProof(lineOf(() => "index 0", (number) => number === 1)),
  "a hash of the proof": withProof(lineOf(otherDigit, (number) => number === 2)),
  "a hash left out": withProof((file) => file.split("\n").filter((line, number) => number !== 2).join("\n")),
  "the size of the log": withProof(lineOf((line) => String(Number(line) + 1), (number, all) => number === emptyLine(all) + 2)),
  "the root of the log": withProof(lineOf(otherDigit, (number, all) => number === emptyLine(all) + 3)),
  "the signature of the log": withProof(lineOf((line) => line.replace(/.{8}$/, otherDigit), (number, all) => number === emptyLine(all) + 5)),
  "the key of the log": [["/api/v1/node", (text) => { const node = JSON.parse(text); return JSON.stringify({ ...node, log_key: node.log_key.replace(/.{6}$/, otherDigit) }); }]],
  "no proof at all": withProof(() => "not found"),
  "no answer": [[at(first, "proof"), null]],
};

seen.good = await Promise.all(statements.map((digest) => check(digest)));
await Promise.all(Object.entries(altered).map(async ([what, changes]) => {
  seen.altered[what] = (await check(first, changes)).said;
}));
await browser.close();
print(seen);

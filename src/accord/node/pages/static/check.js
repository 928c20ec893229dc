/* Checks a statement in this browser: its signature, that its hash is in the log, and that the log signed for that.
   Nothing of it trusts the page; only the key of the log comes from this node, and is shown to be compared. */
"use strict";
(() => {
  const place = document.getElementById("check");
  if (!place || !crypto.subtle) return;
  const text = new TextEncoder();
  const words = JSON.parse(place.dataset.words);
  const bytes = (base64) => Uint8Array.from(atob(base64.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const base64 = (data) => btoa(String.fromCharCode(...new Uint8Array(data)));
  const hex = (data) => [...new Uint8Array(data)].map((b) => b.toString(16).padStart(2, "0")).join("");
  const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const join = (...parts) => {
    const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) { whole.set(part, at); at += part.length; }
    return whole;
  };
  const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
  const verify = async (raw, signature, message) => {
    const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
  };
  const fetched = async (path) => {
    const answer = await fetch(path, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.text();
  };

  /* DSSE: the bytes that are signed, and the key that the statement states. */
  const readEnvelope = async (line) => {
    const envelope = JSON.parse(line);
    const payload = bytes(envelope.payload);
    const statement = JSON.parse(new TextDecoder().decode(payload));
    const type = text.encode(envelope.payloadType);
    const signed = join(text.encode(`DSSEv1 ${type.length} ${envelope.payloadType} ${payload.length} `), payload);
    return { envelope, statement, signed };
  };

  /* The entry of the log: a hash record, as docs/formats.md says. */
  const entryOf = async ({ envelope, statement, signed }) => {
    const raw = bytes(statement.predicate.signer.publicKey);
    const spki = join(bytes("MCowBQYDK2VwAyEA"), raw);
    return text.encode(JSON.stringify({
      apiVersion: "v0.1",
      kind: "accord/envelope",
      spec: {
        data: { algorithm: "SHA2_256", digest: base64(await sha256(signed)) },
        signature: { content: envelope.signatures[0].sig, verifier: { keyDetails: "PKIX_ED25519", publicKey: { rawBytes: base64(spki) } } },
      },
    }));
  };

  /* c2sp.org/tlog-proof: index, hashes, checkpoint. */
  const readProof = (file) => {
    const cut = file.indexOf("\n\n");
    const head = file.slice(0, cut).split("\n");
    if (head.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("proof");
    const index = BigInt(head.shift().replace(/^index /, ""));
    return { index, hashes: head.map(bytes), note: file.slice(cut + 2) };
  };

  /* RFC 6962, 2.1.1: from the leaf up to the root. */
  const rootFrom = async (index, size, leaf, hashes) => {
    let here = index, last = size - 1n, found = leaf;
    for (const sibling of hashes) {
      if (last === 0n) return null;
      if ((here & 1n) || here === last) {
        found = await sha256(join(new Uint8Array([1]), sibling, found));
        while (!(here & 1n) && here) { here >>= 1n; last >>= 1n; }
      } else {
        found = await sha256(join(new Uint8Array([1]), found, sibling));
      }
      here >>= 1n; last >>= 1n;
    }
    return last === 0n ? found : null;
  };

  const checkNote = async (note, vkey) => {
    const cut = note.lastIndexOf("\n\n");
    const body = note.slice(0, cut + 1);
    const name = vkey.slice(0, vkey.indexOf("+"));
    const [stated, encoded] = vkey.slice(name.length + 1).split(/\+(.*)/s);
    const key = bytes(encoded);
    for (const line of note.slice(cut + 2).split("\n")) {
      const [dash, signer, signature] = line.split(" ");
      if (dash !== "—" || signer !== name) continue;
      const data = bytes(signature);
      if (hex(data.slice(0, 4)) !== stated || key[0] !== 1) continue;
      if (await verify(key.slice(1), data.slice(4), text.encode(body))) return body.split("\n");
    }
    return null;
  };

  const show = (list, good, what) => {
    const item = document.createElement("li");
    item.className = good ? "held" : "failed";
    item.textContent = `${good ? words.holds : words.fails}: ${what}`;
    list.append(item);
  };

  const check = async (list) => {
    const { digest } = place.dataset;
    const line = await fetched(`/api/v1/statements/${digest}/envelope`);
    show(list, hex(await sha256(text.encode(line))) === digest, words.digest);
    const read = await readEnvelope(line);
    const stated = read.statement.predicate.signer;
    const raw = bytes(stated.publicKey);
    const signed = hex(await sha256(raw)) === stated.keyid && await verify(raw, bytes(read.envelope.signatures[0].sig), read.signed);
    show(list, signed, `${words.signature} ${stated.keyid.slice(0, 16)}…`);
    const proof = readProof(await fetched(`/api/v1/statements/${digest}/proof`));
    const { log_key: vkey } = JSON.parse(await fetched("/api/v1/node"));
    const lines = await checkNote(proof.note, vkey);
    show(list, lines !== null, `${words.checkpoint} ${vkey}`);
    if (!lines) return;
    const leaf = await sha256(join(new Uint8Array([0]), await entryOf(read)));
    const root = await rootFrom(proof.index, BigInt(lines[1]), leaf, proof.hashes);
    show(list, root !== null && same(root, bytes(lines[2])), `${words.included} ${proof.index} / ${lines[1]}`);
  };

  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words.start;
  const list = document.createElement("ul");
  list.className = "checks";
  const told = document.createElement("div");
  told.setAttribute("role", "status");
  told.append(list);
  button.addEventListener("click", async () => {
    list.replaceChildren();
    button.disabled = true;
    try {
      await check(list);
    } catch (error) {
      show(list, false, error.message);
    }
    button.disabled = false;
  });
  place.append(button, told);
})();

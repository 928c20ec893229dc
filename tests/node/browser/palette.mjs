// A picture with at most 256 colours, as PNG: a third of the size, and for text on paper no eye sees the difference.
import zlib from "node:zlib";

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit += 1) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]), made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length);
  body.copy(made, 4);
  made.writeUInt32BE((body.reduce((crc, byte) => CRC[(crc ^ byte) & 255] ^ (crc >>> 8), -1) ^ -1) >>> 0, body.length + 4);
  return made;
}
const distance = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

// `png` is decoded by the browser of `page`, an empty one. The 256 commonest colours stay, others become the nearest.
export async function withPalette(page, png) {
  const { width, height, encoded } = await page.evaluate(async (source) => {
    const bitmap = await createImageBitmap(await (await fetch(source)).blob());
    const drawn = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    drawn.drawImage(bitmap, 0, 0);
    const { data } = drawn.getImageData(0, 0, bitmap.width, bitmap.height);
    const pieces = [];
    for (let at = 0; at < data.length; at += 8192) pieces.push(String.fromCharCode(...data.subarray(at, at + 8192)));
    return { width: bitmap.width, height: bitmap.height, encoded: btoa(pieces.join("")) };
  }, `data:image/png;base64,${png.toString("base64")}`);
  const pixels = Buffer.from(encoded, "base64"), counts = new Map();
  const colour = (at) => pixels.readUIntBE(at * 4, 3);
  for (let at = 0; at < width * height; at += 1) counts.set(colour(at), (counts.get(colour(at)) ?? 0) + 1);
  const kept = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([one]) => one);
  const numbers = new Map([...counts.keys()].map((one) => [
    one, kept.reduce((best, other, number) => (distance(one, other) < distance(one, kept[best]) ? number : best), 0),
  ]));
  const rows = Buffer.alloc((width + 1) * height); // each begins with 0: no filter
  for (let at = 0; at < width * height; at += 1) rows[at + Math.floor(at / width) + 1] = numbers.get(colour(at));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8); // eight bits, by palette
  const colours = Buffer.from(kept.flatMap((one) => [one >> 16, (one >> 8) & 255, one & 255]));
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("PLTE", colours),
    chunk("IDAT", zlib.deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}

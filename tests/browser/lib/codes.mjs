// Enrolment codes as a camera and an officer's picture folder see them, from the SVG that `fieldseal admin --qr` writes.
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { chunk } from '../../lib/pictures.mjs';

const PAPER = 235;
const INK = 30;
const WALL = 150;

/** The dark modules of a code's SVG: `[side, Set of 'x y']`. */
function modules(path) {
  const svg = readFileSync(path, 'utf8');
  const side = Number(/viewBox="0 0 (\d+) /.exec(svg)[1]);
  return [side, new Set([...svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x} ${y}`))];
}

/** Brightness of a wall with the code on it, turned a little, as a hand holds it. `spoil` says which modules a thumb covers. */
export function drawn(path, width, height, { turn = 0.08, fill = 0.8, spoil = () => false } = {}) {
  const [side, dark] = modules(path);
  const cell = (Math.min(width, height) * fill) / side;
  const luma = Buffer.alloc(width * height, WALL);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [dx, dy] = [x - width / 2, y - height / 2];
      const u = Math.floor((Math.cos(turn) * dx + Math.sin(turn) * dy) / cell + side / 2);
      const v = Math.floor((Math.cos(turn) * dy - Math.sin(turn) * dx) / cell + side / 2);
      if (u < 0 || v < 0 || u >= side || v >= side) continue;
      luma[y * width + x] = spoil(u / side, v / side) ? WALL : dark.has(`${u} ${v}`) ? INK : PAPER;
    }
  }
  return luma;
}

/** Brightness of a wall with a picture on it as a screen showed it (PNG), turned a little, as a hand holds it. */
export async function photographed(context, png, width = 640, height = 480) {
  const page = await context.newPage();
  const values = await page.evaluate(
    async ([source, wall, w, h]) => {
      const picture = new Image();
      picture.src = source;
      await picture.decode();
      const canvas = new OffscreenCanvas(w, h);
      const pen = canvas.getContext('2d');
      pen.fillStyle = `rgb(${wall} ${wall} ${wall})`;
      pen.fillRect(0, 0, w, h);
      const side = Math.min(w, h) * 0.85;
      pen.translate(w / 2, h / 2);
      pen.rotate(0.06);
      pen.drawImage(picture, -side / 2, -side / 2, side, side);
      const { data } = pen.getImageData(0, 0, w, h);
      return Array.from({ length: w * h }, (_, at) => Math.round(0.3 * data[4 * at] + 0.59 * data[4 * at + 1] + 0.11 * data[4 * at + 2]));
    },
    [`data:image/png;base64,${png.toString('base64')}`, WALL, width, height],
  );
  await page.close();
  return Buffer.from(values);
}

/** A film for Chromium's fake camera: first the bare wall, then the code, from its SVG or as brightness. */
export function film(seen, path, width = 640, height = 480) {
  const frame = (luma) => Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc(width * height / 2, 128)]);
  const wall = frame(Buffer.alloc(width * height, WALL));
  const code = frame(typeof seen === 'string' ? drawn(seen, width, height) : seen);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(path, Buffer.concat([head, ...Array(5).fill(wall), ...Array(20).fill(code)]));
}

/** A picture file of the same. */
export function photo(svg, path, options) {
  const [width, height] = [1600, 1200];
  const luma = drawn(svg, width, height, options);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) luma.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  writeFileSync(path, Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]));
  return path;
}

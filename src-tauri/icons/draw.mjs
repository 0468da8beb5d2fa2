// Draws the app's icons: a white square with a tick in it on the accent colour. Run `node src-tauri/icons/draw.mjs`
// after a change; the pictures it makes are committed.
import { writeFileSync } from 'node:fs';
import * as zlib from 'node:zlib';

const ACCENT = [0x0b, 0x55, 0x66];
const WHITE = [0xff, 0xff, 0xff];
const SAMPLES = 4;

// Shapes in a unit square: signed distances, negative inside.
const roundedSquare = (x, y, half, radius) => {
  const dx = Math.abs(x - 0.5) - half + radius;
  const dy = Math.abs(y - 0.5) - half + radius;
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
};
const segment = (x, y, [ax, ay], [bx, by]) => {
  const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
};
const tick = (x, y) =>
  Math.min(segment(x, y, [0.36, 0.51], [0.465, 0.615]), segment(x, y, [0.465, 0.615], [0.66, 0.4])) - 0.042;

function colourAt(x, y) {
  if (roundedSquare(x, y, 0.47, 0.13) > 0) return [0, 0, 0, 0];
  const outline = Math.abs(roundedSquare(x, y, 0.275, 0.06)) - 0.03;
  return [...(outline <= 0 || tick(x, y) <= 0 ? WHITE : ACCENT), 255];
}

function pixels(size) {
  const rows = Buffer.alloc(size * (1 + size * 4));
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
        const x = (column + ((sample % SAMPLES) + 0.5) / SAMPLES) / size;
        const y = (row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / size;
        const [r, g, b, a] = colourAt(x, y);
        for (const [channel, value] of [r, g, b].entries()) sum[channel] += value * (a / 255);
        sum[3] += a;
      }
      const covered = sum[3] / 255;
      const at = row * (1 + size * 4) + 1 + column * 4;
      for (let channel = 0; channel < 3; channel += 1) rows[at + channel] = covered ? Math.round(sum[channel] / covered) : 0;
      rows[at + 3] = Math.round(sum[3] / (SAMPLES * SAMPLES));
    }
  }
  return rows;
}

// Node 20's zlib has no crc32 everywhere.
const crc32 =
  zlib.crc32 ??
  ((bytes) => {
    let crc = ~0;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
  });

function png(size) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(pixels(size), { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

// An .ico may hold a PNG as it is; 0 stands for 256.
function ico(picture) {
  const head = Buffer.alloc(22);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(1, 4);
  head.writeUInt16LE(1, 10);
  head.writeUInt16LE(32, 12);
  head.writeUInt32LE(picture.length, 14);
  head.writeUInt32LE(22, 18);
  return Buffer.concat([head, picture]);
}

const write = (name, bytes) => writeFileSync(new URL(name, import.meta.url), bytes);
write('32x32.png', png(32));
write('128x128.png', png(128));
write('128x128@2x.png', png(256));
write('icon.png', png(512));
write('icon.ico', ico(png(256)));

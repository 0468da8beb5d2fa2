// Pictures to photograph with: drawn here, each one different, as PNG.
import { deflateSync } from 'node:zlib';

const WIDTH = 1200;
const HEIGHT = 900;

/** A shed on a roof before a skyline; `seed` moves and colours it. */
export function picture(seed) {
  const row = 1 + WIDTH * 3;
  const pixels = Buffer.alloc(row * HEIGHT);
  const left = 180 + ((seed * 97) % 300);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const tower = Math.floor(x / 130);
      const skyline = HEIGHT * (0.25 + 0.25 * Math.abs(Math.sin(tower * 3.1 + seed)));
      const inShed = x > left && x < left + 620 && y > 340 && y < 660;
      const window = inShed && (x - left) % 200 > 60 && (x - left) % 200 < 160 && y > 420 && y < 540;
      const eaves = x > left - 20 && x < left + 640 && y > 320 && y <= 345;
      let colour = [158, 190, 214 - (y >> 4)];
      if (y > skyline && y < 600) colour = [140, 160 + (tower % 3) * 8, 178];
      if (y >= 600) colour = [170 - ((x + y) % 60 < 3 ? 20 : 0), 162, 148];
      if (inShed) colour = (x - left) % 24 < 2 ? [206, 198, 180] : [234, 227, 211];
      if (window) colour = [88, 134, 168];
      if (eaves) colour = [46 + ((seed * 53) % 120), 92, 150];
      pixels.set(colour, y * row + 1 + x * 3);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))]);
}

export function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

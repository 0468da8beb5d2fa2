// A map of a few bytes: PMTiles 3 with one vector tile, a crossing of two roads in a park, without compression.

const varint = (n) => {
  const bytes = [];
  let rest = BigInt(n);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
};
const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const number = (tag, value) => Buffer.concat([varint(tag * 8), varint(value)]);
const zigzag = (n) => (n < 0 ? -2 * n - 1 : 2 * n);
const packed = (values) => Buffer.concat(values.map(varint));

/** Commands of a line or, closed, of a polygon. */
function drawn(points, closed) {
  const out = [];
  let [x, y] = [0, 0];
  points.forEach(([px, py], n) => {
    if (n === 0) out.push(9);
    if (n === 1) out.push(((points.length - 1) << 3) | 2);
    out.push(zigzag(px - x), zigzag(py - y));
    [x, y] = [px, py];
  });
  if (closed) out.push(15);
  return packed(out);
}
function layer(name, type, shapes, label) {
  const features = shapes.map((shape) => field(2, Buffer.concat([field(2, packed([0, 0])), number(3, type), field(4, drawn(shape, type === 3))])));
  const names = [field(3, Buffer.from('name')), field(4, field(1, Buffer.from(label)))];
  return field(3, Buffer.concat([number(15, 2), field(1, Buffer.from(name)), ...features, ...names, number(5, 4096)]));
}

/** The place of a tile along the curve. */
function tileId(z, column, row) {
  let [x, y, id] = [column, row, (4 ** z - 1) / 3];
  for (let s = 2 ** (z - 1); s >= 1; s /= 2) {
    const [rx, ry] = [x & s ? 1 : 0, y & s ? 1 : 0];
    id += s * s * ((3 * rx) ^ ry);
    if (ry === 0) {
      if (rx === 1) [x, y] = [s - 1 - (x & (s - 1)), s - 1 - (y & (s - 1))];
      [x, y] = [y, x];
    }
    x &= s - 1;
    y &= s - 1;
  }
  return id;
}

/** A map of the tile around a place. */
export function pmtiles({ latitude, longitude }, z = 14) {
  const radians = (latitude * Math.PI) / 180;
  const column = Math.floor(((longitude + 180) / 360) * 2 ** z);
  const row = Math.floor(((1 - Math.asinh(Math.tan(radians)) / Math.PI) / 2) * 2 ** z);
  const tile = Buffer.concat([
    layer('earth', 3, [[[0, 0], [4096, 0], [4096, 4096], [0, 4096]]], '地'),
    layer('landuse', 3, [[[300, 300], [1800, 300], [1800, 1800], [300, 1800]]], '公园'),
    layer('roads', 2, [[[0, 2100], [4096, 1900]], [[2000, 0], [2300, 4096]], [[0, 900], [4096, 800]], [[900, 0], [1000, 4096]], [[3200, 0], [3300, 4096]], [[0, 3100], [4096, 3000]]], '昌平路'),
  ]);
  const directory = packed([1, tileId(z, column, row), 1, tile.length, 1]);
  const metadata = Buffer.from(JSON.stringify({ vector_layers: ['earth', 'landuse', 'roads'].map((id) => ({ id, fields: {} })) }));
  const header = Buffer.alloc(127);
  header.write('PMTiles', 0);
  header[7] = 3;
  const parts = [directory.length, metadata.length, 0, tile.length];
  let at = 127;
  parts.forEach((length, n) => {
    header.writeBigUInt64LE(BigInt(at), 8 + 16 * n);
    header.writeBigUInt64LE(BigInt(length), 16 + 16 * n);
    at += length;
  });
  for (const place of [72, 80, 88]) header.writeBigUInt64LE(1n, place);
  // Clustered; no compression, neither of directories nor of tiles; vector tiles.
  header.set([1, 1, 1, 1, z, z], 96);
  const degrees = (value, place) => header.writeInt32LE(Math.round(value * 1e7), place);
  degrees(longitude - 0.01, 102);
  degrees(latitude - 0.01, 106);
  degrees(longitude + 0.01, 110);
  degrees(latitude + 0.01, 114);
  header[118] = z;
  degrees(longitude, 119);
  degrees(latitude, 123);
  return Buffer.concat([header, directory, metadata, tile]);
}

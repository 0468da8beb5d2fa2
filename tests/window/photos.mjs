// Photos to hand to a file input: pictures, and files that are none.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { picture } from '../lib/pictures.mjs';

/** A picture as a file; no two seeds are alike. */
export const pictureFile = (folder, name, seed) => file(folder, name, picture(seed));

/** A file of the given bytes. */
export function file(folder, name, bytes) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

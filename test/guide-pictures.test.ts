import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePictures, PICTURE_FOLDER } from '../examples/guide-pictures.js';

describe('the pictures of the guides', () => {
  it('are those that the library makes now', async () => {
    const pictures = await makePictures();
    expect(readdirSync(PICTURE_FOLDER).sort()).toEqual(Array.from(pictures.keys()).sort());
    for (const [name, svg] of pictures)
      expect(readFileSync(join(PICTURE_FOLDER, name), 'utf8'), name).toBe(svg);
  });
});

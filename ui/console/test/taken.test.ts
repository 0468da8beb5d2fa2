import { describe, expect, it } from 'vitest';
import { taken } from '../src/state/taken';

const items = (...types: string[]) => types.map((media_type) => ({ media_type }));

describe('what was taken', () => {
  it('names photos, videos and sound apart', () => {
    expect(taken(items('image/jpeg', 'image/png'))).toBe('拍摄 2 张');
    expect(taken(items('image/jpeg', 'video/webm', 'video/mp4', 'audio/ogg'))).toBe('拍摄 1 张，录像 2 段，录音 1 段');
    expect(taken(items('audio/ogg'))).toBe('录音 1 段');
    expect(taken([])).toBe('拍摄 0 张');
  });
});

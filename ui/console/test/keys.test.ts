import { afterEach, describe, expect, it, vi, type Mock } from 'vitest';

const { preferences } = vi.hoisted(() => ({ preferences: { shortcuts: true } }));
vi.mock('../src/state/preferences.svelte', () => ({ preferences }));

class Element {
  isContentEditable = false;
  constructor(readonly inside: string | null = null) {}
  closest(selector: string): unknown {
    return this.inside !== null && selector.includes(this.inside) ? this : null;
  }
}
class Input extends Element {
  constructor(readonly type = 'text') {
    super('input');
  }
}
class TextArea extends Element {}
class Select extends Element {}
vi.stubGlobal('HTMLElement', Element);
vi.stubGlobal('HTMLInputElement', Input);
vi.stubGlobal('HTMLTextAreaElement', TextArea);
vi.stubGlobal('HTMLSelectElement', Select);

const { bindKeys, onKeydown } = await import('../src/state/keys');

let unbind: (() => void)[] = [];
function bound(keys: string[], barrier = false): Mock<(key: string) => void> {
  const act = vi.fn<(key: string) => void>();
  unbind.push(bindKeys(Object.fromEntries(keys.map((key) => [key, () => act(key)])), barrier));
  return act;
}
function press(key: string, more: Partial<Omit<KeyboardEvent, 'target'>> & { target?: Element } = {}): boolean {
  let taken = false;
  onKeydown({ key, target: new Element(), preventDefault: () => (taken = true), ...more } as unknown as KeyboardEvent);
  return taken;
}

describe('shortcuts', () => {
  afterEach(() => {
    for (const end of unbind) end();
    unbind = [];
    preferences.shortcuts = true;
  });

  it('act on letters of either case, the newest screen first', () => {
    const below = bound(['j', 'z']);
    const above = bound(['j']);
    expect(press('J')).toBe(true);
    expect(press('z')).toBe(true);
    expect(above).toHaveBeenCalledWith('j');
    expect(below.mock.calls).toEqual([['z']]);
    expect(press('q')).toBe(false);
  });

  it('reach nothing under a dialog, nor a screen drawn after it opened', () => {
    const below = bound(['a', 'Escape']);
    const dialog = bound(['?'], true);
    const later = bound(['a', 'Escape']);
    expect(press('a')).toBe(false);
    expect(press('Escape')).toBe(false);
    press('?');
    expect(dialog).toHaveBeenCalledOnce();
    expect(below).not.toHaveBeenCalled();
    expect(later).not.toHaveBeenCalled();
  });

  it('sleep in text fields, beside Ctrl, while a word is being composed, and when turned off', () => {
    const act = bound(['a', ' ']);
    for (const target of [new Input('search'), new Input('password'), new TextArea(), new Select()]) press('a', { target });
    press('a', { ctrlKey: true });
    press('a', { metaKey: true });
    press('a', { isComposing: true });
    press('a', { defaultPrevented: true });
    preferences.shortcuts = false;
    press('a');
    expect(act).not.toHaveBeenCalled();
    preferences.shortcuts = true;
    press('a', { target: new Input('checkbox') });
    expect(act).toHaveBeenCalledOnce();
  });

  it('leave Enter and Space to a button or a link', () => {
    const act = bound(['Enter', ' ']);
    press('Enter', { target: new Element('a') });
    press(' ', { target: new Element('button') });
    expect(act).not.toHaveBeenCalled();
    press(' ');
    expect(act).toHaveBeenCalledOnce();
  });
});

/**
 * Single-key shortcuts. Screens bind theirs while they are shown; a dialog binds as a barrier, so that nothing under it
 * acts. They sleep in text fields, beside Ctrl, Alt and Meta, while an input method composes, and when turned off.
 */

import { preferences } from './preferences.svelte';

export type Bindings = Record<string, () => void>;

interface Scope {
  bindings: Bindings;
  barrier: boolean;
}

const scopes: Scope[] = [];

/** Binds keys until the returned function is called. Letters are named in lower case. */
export function bindKeys(bindings: Bindings, barrier = false): () => void {
  const scope = { bindings, barrier };
  scopes.push(scope);
  return () => {
    const at = scopes.indexOf(scope);
    if (at >= 0) scopes.splice(at, 1);
  };
}

function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** Enter and Space on a button or link are its own. */
function actsByItself(target: EventTarget | null, key: string): boolean {
  if (key !== 'Enter' && key !== ' ') return false;
  return target instanceof HTMLElement && target.closest('button, a, summary, input, label') !== null;
}

export function onKeydown(event: KeyboardEvent): void {
  if (!preferences.shortcuts || event.defaultPrevented || event.isComposing) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (isTextField(event.target) || actsByItself(event.target, event.key)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // A dialog stays on top even of a screen that was drawn under it afterwards.
  const barrier = scopes.filter((scope) => scope.barrier).at(-1);
  const listening = barrier ? [barrier] : scopes.slice().reverse();
  const act = listening.find((scope) => scope.bindings[key])?.bindings[key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Pins told apart by shape, not by colour alone: a clock is due today, a solid one is open, a hollow one with a tick is done. */

import type { PinView } from '@fieldseal/shared/bindings.ts';

const WIDTH = 44;
const HEIGHT = 54;
/** Drawn once, for the sharpest screens. */
export const PIXEL_RATIO = 2;

export const states = ['today', 'open', 'done'] as const;
export type PinState = (typeof states)[number];
export const stateOf = (pin: PinView): PinState => states.find((state) => state === pin.state) ?? 'open';

export interface PinColours {
  today: string;
  open: string;
  done: string;
  ground: string;
}

/** The theme's colours, as the page has them now. */
export function pinColours(): PinColours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return { today: of('--ochre'), open: of('--accent'), done: of('--green'), ground: of('--surface') };
}

function context(): CanvasRenderingContext2D | null {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH * PIXEL_RATIO;
  canvas.height = HEIGHT * PIXEL_RATIO;
  const context = canvas.getContext('2d');
  context?.scale(PIXEL_RATIO, PIXEL_RATIO);
  return context;
}

/** One pin as a picture; its tip is in the middle of the lower edge. */
export function pin(state: PinState, colours: PinColours): ImageData | null {
  const c = context();
  if (!c) return null;
  c.beginPath();
  c.moveTo(20, 52);
  c.bezierCurveTo(14, 40, 4, 34, 4, 22);
  c.arc(20, 22, 16, Math.PI, 0);
  c.bezierCurveTo(36, 34, 26, 40, 20, 52);
  c.closePath();
  c.fillStyle = state === 'done' ? colours.ground : colours[state];
  c.fill();
  c.lineWidth = state === 'done' ? 3 : 2;
  c.strokeStyle = state === 'done' ? colours.done : colours.ground;
  c.stroke();
  if (state === 'open') {
    c.beginPath();
    c.arc(20, 22, 6, 0, 2 * Math.PI);
    c.fillStyle = colours.ground;
    c.fill();
  } else badge(c, state, colours);
  return c.getImageData(0, 0, WIDTH * PIXEL_RATIO, HEIGHT * PIXEL_RATIO);
}

function badge(c: CanvasRenderingContext2D, state: 'today' | 'done', colours: PinColours): void {
  c.beginPath();
  c.arc(33, 11, 9, 0, 2 * Math.PI);
  c.fillStyle = colours.ground;
  c.fill();
  c.lineWidth = 2;
  c.strokeStyle = colours[state];
  c.stroke();
  c.beginPath();
  if (state === 'today') {
    c.moveTo(33, 6);
    c.lineTo(33, 11.5);
    c.lineTo(37, 13.5);
  } else {
    c.moveTo(29, 11);
    c.lineTo(32, 14);
    c.lineTo(37.5, 8);
  }
  c.stroke();
}

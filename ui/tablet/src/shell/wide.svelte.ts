import { MediaQuery } from 'svelte/reactivity';

/** A phone: short words. */
export const narrow = new MediaQuery('(max-width: 560px)');

/** Room for a line under the shutter. */
export const portrait = new MediaQuery('(orientation: portrait)');

/** A landscape tablet: rail instead of bar, two and three columns. */
export const wide = new MediaQuery('(min-width: 900px) and (orientation: landscape)');

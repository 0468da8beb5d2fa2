import { MediaQuery } from 'svelte/reactivity';

/** A landscape tablet: rail instead of bar, two and three columns. */
export const wide = new MediaQuery('(min-width: 900px) and (orientation: landscape)');

/** Where one can be, and how an address says it: in its hash, so that Back works and the server needs to know nothing of it. */

export type Route =
  | { at: 'queue'; queue: 'open' | 'done' }
  | { at: 'packet'; id: string }
  | { at: 'quarantine' }
  | { at: 'tablets' };

/** Anything unknown leads to the open list. */
export function parseRoute(hash: string): Route {
  const [first, second] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'packet' && second && /^[\w~-]+$/.test(second)) return { at: 'packet', id: second };
  if (first === 'quarantine' || first === 'tablets') return { at: first };
  return { at: 'queue', queue: first === 'done' ? 'done' : 'open' };
}

export function hrefOf(route: Route): string {
  if (route.at === 'packet') return `#/packet/${route.id}`;
  return route.at === 'queue' ? `#/${route.queue}` : `#/${route.at}`;
}

/** Where we are, kept in the address's hash so that Back works and the server needs to know nothing of it. */

export type Route =
  | { at: 'queue'; queue: 'open' | 'done' }
  | { at: 'packet'; id: string }
  | { at: 'quarantine' };

export function parseRoute(hash: string): Route {
  const [first, second] = hash.replace(/^#\/?/, '').split('/');
  if (first === 'packet' && second) return { at: 'packet', id: decodeURIComponent(second) };
  if (first === 'quarantine') return { at: 'quarantine' };
  return { at: 'queue', queue: first === 'done' ? 'done' : 'open' };
}

export function hrefOf(route: Route): string {
  if (route.at === 'packet') return `#/packet/${encodeURIComponent(route.id)}`;
  return route.at === 'quarantine' ? '#/quarantine' : `#/${route.queue}`;
}

class Place {
  route = $state<Route>(parseRoute(location.hash));
}

export const place = new Place();

export function go(route: Route): void {
  location.hash = hrefOf(route);
}

addEventListener('hashchange', () => {
  place.route = parseRoute(location.hash);
});

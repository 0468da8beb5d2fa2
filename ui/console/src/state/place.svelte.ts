/** Where we are now. */

import { hrefOf, parseRoute, type Route } from './route';

class Place {
  route = $state<Route>(parseRoute(location.hash));
  /** The list that was looked at last: where Back leads from a packet. */
  list = $state<'open' | 'done'>('open');

  constructor() {
    this.note();
  }

  note(): void {
    this.route = parseRoute(location.hash);
    if (this.route.at === 'queue') this.list = this.route.queue;
  }
}

export const place = new Place();

export function go(route: Route): void {
  location.hash = hrefOf(route);
}

addEventListener('hashchange', () => {
  place.note();
});

/** Where we are now. */

import { hrefOf, parseRoute, type Route } from './route';

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

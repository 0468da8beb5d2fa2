import { describe, expect, it } from 'vitest';
import { hrefOf, parseRoute, type Route } from '../src/state/route';

describe('addresses', () => {
  it('lead back to where they came from', () => {
    const routes: Route[] = [{ at: 'queue', queue: 'open' }, { at: 'queue', queue: 'done' }, { at: 'quarantine' }, { at: 'packet', id: '019379aa-0000-7000-8000-000000000001~5f5f5f5f' }];
    for (const route of routes) expect(parseRoute(hrefOf(route))).toEqual(route);
  });

  it('that mean nothing lead to the open list', () => {
    for (const hash of ['', '#', '#/packet', '#/packet/', '#/packet/%2e%2e', '#/packet/a b', '#/elsewhere', '#//'])
      expect(parseRoute(hash)).toEqual({ at: 'queue', queue: 'open' });
  });
});

/** How the offline map is drawn: calm, in the theme's colours, from whatever the file holds. Nothing comes from the network: no
 *  glyphs, no sprites; letters are drawn by the machine's own fonts. Vector tiles are read by the names that the two common
 *  schemas (Protomaps, OpenMapTiles) give their layers; a file of pictures is drawn as it is. */

import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';

export interface Colours {
  ground: string;
  water: string;
  green: string;
  building: string;
  road: string;
  ink: string;
  halo: string;
}

const dark: Colours = { ground: '#171e21', water: '#12303a', green: '#1d2b21', building: '#232b2f', road: '#39444a', ink: '#bac4c9', halo: '#171e21' };
const light: Colours = { ground: '#f0eee8', water: '#cfe2e8', green: '#dfead9', building: '#e2dfd6', road: '#ffffff', ink: '#454d54', halo: '#f5f4f0' };
const sun: Colours = { ground: '#ffffff', water: '#d6e8f5', green: '#e6f3e2', building: '#eeeeee', road: '#b9b9b9', ink: '#000000', halo: '#ffffff' };

export const coloursOf = (theme: string | undefined): Colours => (theme === 'dark' ? dark : theme === 'sun' ? sun : light);

const WATER = ['water', 'waterway'];
const GREEN = ['landuse', 'landcover', 'natural', 'park'];
const ROADS = ['roads', 'transportation'];
const NAMED = ['roads', 'transportation_name', 'places', 'place', 'pois'];

/** What of a vector file's layers is drawn, in this order. */
export function vectorLayers(there: string[], c: Colours): LayerSpecification[] {
  const layers: LayerSpecification[] = [];
  const of = (names: string[]): string[] => names.filter((name) => there.includes(name));
  const source = 'base';
  for (const name of of(['earth'])) layers.push({ id: name, type: 'fill', source, 'source-layer': name, paint: { 'fill-color': c.ground } });
  for (const name of of(GREEN)) {
    layers.push({ id: name, type: 'fill', source, 'source-layer': name, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': c.green } });
  }
  for (const name of of(WATER)) {
    layers.push({ id: name, type: 'fill', source, 'source-layer': name, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': c.water } });
    layers.push({ id: `${name}-line`, type: 'line', source, 'source-layer': name, filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': c.water, 'line-width': 2 } });
  }
  for (const name of of(['buildings', 'building'])) {
    layers.push({ id: name, type: 'fill', source, 'source-layer': name, minzoom: 13, paint: { 'fill-color': c.building } });
  }
  for (const name of of(ROADS)) {
    layers.push({
      id: name,
      type: 'line',
      source,
      'source-layer': name,
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': c.road, 'line-width': ['interpolate', ['exponential', 1.6], ['zoom'], 8, 0.6, 14, 4, 18, 18] },
    });
  }
  for (const name of of(NAMED)) {
    const line = ROADS.includes(name) || name === 'transportation_name';
    layers.push({
      id: `${name}-name`,
      type: 'symbol',
      source,
      'source-layer': name,
      filter: ['has', 'name'],
      layout: {
        'text-field': ['coalesce', ['get', 'name:zh'], ['get', 'name']],
        'text-font': ['sans-serif'],
        'text-size': 14,
        'symbol-placement': line ? 'line' : 'point',
      },
      paint: { 'text-color': c.ink, 'text-halo-color': c.halo, 'text-halo-width': 1.5 },
    });
  }
  return layers;
}

/** The style over the file under this address. */
export function styleOf(url: string, vector: boolean, there: string[], c: Colours): StyleSpecification {
  return {
    version: 8,
    sources: { base: vector ? { type: 'vector', url } : { type: 'raster', url, tileSize: 256 } },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': c.ground } },
      ...(vector ? vectorLayers(there, c) : [{ id: 'base', type: 'raster', source: 'base' } satisfies LayerSpecification]),
    ],
  };
}

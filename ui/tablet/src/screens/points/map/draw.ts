/** The map itself. Loaded when a map is first shown, so that the app's start does not pay for it. */

import type { ClusterView, MapPartView, MapView, PinView } from '@fieldseal/shared/bindings.ts';
import { addProtocol, GeoJSONSource, Map as Canvas, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { PMTiles, Protocol, TileType } from 'pmtiles';
import { tiles } from '../../../host.ts';
import { fromGcj02, toGcj02, type Position } from './gcj02.ts';
import { pin, pinColours, PIXEL_RATIO, stateOf, states } from './pins.ts';
import { coloursOf, styleOf } from './style.ts';

/** Shanghai, until somebody knows better. */
const SOMEWHERE: Position = [121.4737, 31.2304];
const CLOSE_ZOOM = 16;
/** Of the circle that shows a position's error. */
const CORNERS = 48;
const METRES_OF_DEGREE = 111_195;

setWorkerUrl(workerUrl);
const protocol = new Protocol();
addProtocol('pmtiles', protocol.tile);

export interface Around {
  south: number;
  west: number;
  north: number;
  east: number;
}

interface Options {
  container: HTMLElement;
  map: MapView;
  name: string;
  onpick: (number: string) => void;
  /** What lies there. */
  ask: (around: Around) => Promise<MapPartView | undefined>;
  /** Pins and clusters are drawn. */
  ondrawn: (pins: number, clusters: number) => void;
}

interface Layer {
  vector_layers?: { id: string }[];
}

export class PointMap {
  private readonly canvas: Canvas;
  private readonly shift: (position: Position) => Position;
  private readonly unshift: (position: Position) => Position;
  private asked = 0;
  private placed = false;
  private here: Position | null = null;

  private constructor(
    private readonly options: Options,
    style: ReturnType<typeof styleOf>,
    start: { center: Position; zoom: number },
  ) {
    const same = (position: Position): Position => position;
    this.shift = options.map.gcj02 ? toGcj02 : same;
    this.unshift = options.map.gcj02 ? fromGcj02 : same;
    this.canvas = new Canvas({
      container: options.container,
      style,
      ...start,
      maxZoom: 19,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
      // Ours stands with the legend, in the theme's colours.
      attributionControl: false,
      locale: { 'Map.Title': options.name },
    });
    this.canvas.touchZoomRotate.disableRotation();
  }

  /** Opens the file and draws it; throws when it is no map, or this machine can't draw one. */
  static async open(options: Options): Promise<PointMap> {
    const { map } = options;
    const file = new PMTiles({
      getKey: () => map.id,
      getBytes: async (offset, length) => ({ data: await tiles(offset, Math.min(offset + length, map.sizeBytes)) }),
    });
    protocol.add(file);
    const header = await file.getHeader();
    const vector = header.tileType === TileType.Mvt;
    const there = vector ? (((await file.getMetadata()) as Layer).vector_layers ?? []).map(({ id }) => id) : [];
    const style = styleOf(`pmtiles://${map.id}`, vector, there, coloursOf(document.documentElement.dataset['theme']));
    const middle: Position = [header.centerLon, header.centerLat];
    const known = middle.some((one) => one !== 0);
    const opened = new PointMap(options, style, { center: known ? middle : SOMEWHERE, zoom: Math.max(header.minZoom, known ? header.centerZoom : 12) });
    await opened.ready();
    return opened;
  }

  private async ready(): Promise<void> {
    const { canvas } = this;
    await new Promise<void>((resolve, reject) => {
      void canvas.once('load', () => {
        resolve();
      });
      // A tile that is missing later is no reason to take the map away.
      canvas.on('error', ({ error }) => {
        reject(error);
      });
    });
    const colours = pinColours();
    for (const state of states) {
      const picture = pin(state, colours);
      if (picture) canvas.addImage(state, picture, { pixelRatio: PIXEL_RATIO });
    }
    for (const name of ['error', 'here', 'clusters', 'pins']) canvas.addSource(name, { type: 'geojson', data: collection([]) });
    const blue = getComputedStyle(document.documentElement).getPropertyValue('--blue').trim();
    canvas.addLayer({ id: 'error', type: 'fill', source: 'error', paint: { 'fill-color': blue, 'fill-opacity': 0.2 } });
    canvas.addLayer({ id: 'error-line', type: 'line', source: 'error', paint: { 'line-color': blue, 'line-width': 2 } });
    canvas.addLayer({
      id: 'clusters',
      type: 'circle',
      source: 'clusters',
      paint: { 'circle-radius': ['interpolate', ['linear'], ['get', 'count'], 1, 18, 1000, 34], 'circle-color': colours.ground, 'circle-stroke-width': 3, 'circle-stroke-color': colours.open },
    });
    canvas.addLayer({
      id: 'counts',
      type: 'symbol',
      source: 'clusters',
      layout: { 'text-field': ['to-string', ['get', 'count']], 'text-font': ['sans-serif'], 'text-size': 15, 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': getComputedStyle(document.documentElement).getPropertyValue('--ink').trim() },
    });
    canvas.addLayer({
      id: 'here',
      type: 'circle',
      source: 'here',
      paint: { 'circle-radius': 8, 'circle-color': blue, 'circle-stroke-width': 3, 'circle-stroke-color': colours.ground },
    });
    canvas.addLayer({
      id: 'pins',
      type: 'symbol',
      source: 'pins',
      layout: { 'icon-image': ['get', 'state'], 'icon-anchor': 'bottom', 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    });
    canvas.on('click', 'pins', ({ features }) => {
      const number: unknown = features?.[0]?.properties['number'];
      if (typeof number === 'string') this.options.onpick(number);
    });
    canvas.on('click', 'clusters', ({ lngLat }) => {
      canvas.jumpTo({ center: lngLat, zoom: canvas.getZoom() + 2 });
    });
    canvas.on('moveend', () => void this.look());
    await this.look();
  }

  /** Asks what lies in sight, and draws it; the newest question wins. */
  async look(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const bounds = this.canvas.getBounds();
    const [west, south] = this.unshift([bounds.getWest(), bounds.getSouth()]);
    const [east, north] = this.unshift([bounds.getEast(), bounds.getNorth()]);
    const part = await this.options.ask({ south, west, north, east });
    if (mine !== this.asked || !part) return;
    this.put('pins', part.pins.map((pin) => this.pinFeature(pin)));
    this.put('clusters', part.clusters.map((cluster) => this.clusterFeature(cluster)));
    this.here = part.here ? [part.here[1], part.here[0]] : null;
    this.put('here', this.here ? [feature({ type: 'Point', coordinates: this.shift(this.here) }, {})] : []);
    this.options.ondrawn(part.pins.length, part.clusters.length);
    // Where the officer is, the first time that is known.
    if (this.here && !this.placed) {
      this.placed = true;
      this.locate();
    }
  }

  /** The circle in which the position lies. */
  accuracy(metres: number | null): void {
    const { here } = this;
    if (!here || metres === null) {
      this.put('error', []);
      return;
    }
    const [lon, lat] = here;
    const across = Math.cos((lat * Math.PI) / 180);
    const corner = (_: unknown, n: number): Position => {
      const angle = (n / CORNERS) * 2 * Math.PI;
      const radius = metres / METRES_OF_DEGREE;
      return this.shift([lon + (Math.cos(angle) * radius) / across, lat + Math.sin(angle) * radius]);
    };
    this.put('error', [feature({ type: 'Polygon', coordinates: [Array.from({ length: CORNERS + 1 }, corner)] }, {})]);
  }

  locate(): boolean {
    if (!this.here) return false;
    this.canvas.jumpTo({ center: this.shift(this.here), zoom: Math.max(this.canvas.getZoom(), CLOSE_ZOOM) });
    return true;
  }

  show(lon: number, lat: number): void {
    this.placed = true;
    this.canvas.jumpTo({ center: this.shift([lon, lat]), zoom: Math.max(this.canvas.getZoom(), CLOSE_ZOOM) });
  }

  zoom(by: number): void {
    this.canvas.jumpTo({ zoom: this.canvas.getZoom() + by });
  }

  close(): void {
    this.asked += 1;
    this.canvas.remove();
  }

  private put(name: string, features: Feature[]): void {
    const source = this.canvas.getSource(name);
    if (source instanceof GeoJSONSource) void source.setData(collection(features));
  }

  private pinFeature(view: PinView): Feature {
    return feature({ type: 'Point', coordinates: this.shift([view.lon, view.lat]) }, { number: view.number, state: stateOf(view) });
  }

  private clusterFeature({ lat, lon, count }: ClusterView): Feature {
    return feature({ type: 'Point', coordinates: this.shift([lon, lat]) }, { count });
  }
}

type Geometry = { type: 'Point'; coordinates: Position } | { type: 'Polygon'; coordinates: Position[][] };
interface Feature {
  type: 'Feature';
  geometry: Geometry;
  properties: Record<string, string | number>;
}

const feature = (geometry: Geometry, properties: Feature['properties']): Feature => ({ type: 'Feature', geometry, properties });
const collection = (features: Feature[]): { type: 'FeatureCollection'; features: Feature[] } => ({ type: 'FeatureCollection', features });

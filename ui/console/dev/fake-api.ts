/**
 * A stand-in for `/api/v1` inside Vite's development server, so that screens can be worked on without a real one.
 * `apply: 'serve'` keeps it out of every build; it invents data and proves nothing.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import type { Decision, DecisionRequest, DecisionView, PacketDetail, PacketSummary, QuarantineView, Session } from '../src/wire';
import { detailOf, summaries } from './packets';
import { picture } from './pictures';

const PAGE = 50;
const session: Session = { account: 'chenlan', name: '陈岚', role: 'reviewer', csrf: 'dev', origin: 'demo.fieldseal.example' };
const decisions = new Map<string, DecisionView[]>();
let signedIn = false;

const quarantine: QuarantineView[] = [
  { id: '019379bb-1111-7000-8000-00000000abcd', device: 'device/7f3a', received_at: '2026-11-23T02:40:00.000Z', size: 8_113_020, sha256: '5f'.repeat(32), reason: 'device-not-enrolled' },
  { id: '019379bb-2222-7000-8000-00000000abce', device: null, received_at: '2026-11-22T23:02:10.000Z', size: 412, sha256: 'a7'.repeat(32), reason: 'zip-malformed' },
];

function send(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', status < 400 ? 'application/json' : 'application/problem+json');
  response.end(body === undefined ? '' : JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string): void {
  send(response, status, { type: `urn:fieldseal:problem:${code}`, code, status, title: code });
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : JSON.parse(text);
}

function isDone(summary: PacketSummary): boolean {
  return summary.decision !== null && summary.decision !== 'legal-review';
}

function open(): PacketSummary[] {
  return summaries.filter((summary) => !isDone(summary));
}

function list(url: URL): unknown {
  const verdict = url.searchParams.get('verdict');
  const words = url.searchParams.get('q') ?? '';
  const page = Number(url.searchParams.get('page') ?? 0);
  const pool = url.searchParams.get('queue') === 'done' ? summaries.filter(isDone) : open();
  const matching = pool.filter((row) => (verdict === null || row.verdict === verdict) && JSON.stringify(row).includes(words));
  const count = (wanted: string): number => open().filter((row) => row.verdict === wanted).length;
  return {
    packets: matching.slice(page * PAGE, (page + 1) * PAGE),
    total: matching.length,
    page,
    counts: { all: open().length, failed: count('failed'), not_proved: count('not-proved'), verified: count('verified') },
  };
}

function detail(id: string): PacketDetail | null {
  const found = detailOf(summaries.findIndex((summary) => summary.id === id), open());
  return found && { ...found, decisions: decisions.get(id) ?? [] };
}

function decide(id: string, request: DecisionRequest): void {
  const summary = summaries.find((row) => row.id === id);
  if (!summary) return;
  const decided_at = new Date().toISOString();
  const decision: Decision = request.decision;
  Object.assign(summary, { decision, decided_at });
  const made = { decision, reason: request.reason, decided_at, reviewer: session.name, leaf_index: 48_300 };
  decisions.set(id, [...(decisions.get(id) ?? []), made]);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://dev');
  const path = url.pathname;
  if (path === '/session') {
    if (request.method === 'DELETE') {
      signedIn = false;
      send(response, 204, undefined);
      return;
    }
    if (request.method === 'POST') {
      const { password } = (await bodyOf(request)) as { password?: string };
      if (password === 'wrong') {
        problem(response, 401, 'unauthenticated');
        return;
      }
      signedIn = true;
    }
    if (signedIn) send(response, 200, session);
    else problem(response, 401, 'unauthenticated');
    return;
  }
  if (!signedIn) {
    problem(response, 401, 'unauthenticated');
    return;
  }
  if (path === '/review/packets') {
    send(response, 200, list(url));
    return;
  }
  if (path === '/review/quarantine') {
    send(response, 200, quarantine);
    return;
  }
  const [, id, rest] = /^\/review\/packets\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
  if (id === undefined) {
    problem(response, 404, 'not-found');
    return;
  }
  if (rest === 'decision') {
    decide(id, (await bodyOf(request)) as DecisionRequest);
    send(response, 200, {});
    return;
  }
  const item = /^items\/(\d+)\/preview$/.exec(rest ?? '')?.[1];
  if (item !== undefined) {
    response.setHeader('Content-Type', 'image/svg+xml');
    response.end(picture(Number(id.slice(-4)), Number(item)));
    return;
  }
  const found = detail(id);
  if (found) send(response, 200, found);
  else problem(response, 404, 'not-found');
}

export function fakeApi(): Plugin {
  return {
    name: 'fieldseal-fake-api',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use('/api/v1', (request, response) => {
        void answer(request, response);
      });
    },
    // `vite preview`: the built console under the same content policy as the real server's.
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('Content-Security-Policy', "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
        next();
      });
      server.middlewares.use('/api/v1', (request, response) => {
        void answer(request, response);
      });
    },
  };
}

/**
 * The second verifier over the same bytes, in the reviewer's own browser, and what it finds beside the server's findings. It
 * has the packet alone: what server and log say around it is left out of the comparison, and is looked at in the export.
 */

import { type Code, type Finding, type Report, sentence } from '@fieldseal/verifier/report.ts';
import { ofBlob } from '@fieldseal/verifier/source.ts';
import type { Work } from '@fieldseal/verifier/stop.ts';
import { parseTrust } from '@fieldseal/verifier/trust.ts';
import { verify } from '@fieldseal/verifier/verify.ts';
import type { FindingView, Text } from '../wire';

export interface Beside {
  report: Report;
  /** `code subject` of what one of them finds and the other does not. */
  onlyBrowser: string[];
  onlyServer: string[];
}

/** What hangs on receipts, the log, tokens, other packets, or on when it was looked at. */
const AROUND = /^(receipt-|timestamp-|lower-bound-|seen-token-|witness-|consistency-|checkpoint-|proof-|interval-|capture-interval-|heartbeat-|child-|attestation-|log-|trust-anchor-|device-(first|prev|sequence)|key-revoked-|custody-after-|decision-|export-|seal-equivocation|zip-top-folder)/;

const counted = ({ level, code }: { level: string; code: string }): boolean => (level === 'failed' || level === 'not-proved') && !AROUND.test(code);
const named = ({ code, subject }: { code: string; subject: string }): string => `${code} ${subject}`.trim();

export function compare(here: Pick<Report, 'findings'>, served: FindingView[]): Pick<Beside, 'onlyBrowser' | 'onlyServer'> {
  const [browser, server] = [here.findings.filter(counted).map(named), served.filter(counted).map(named)];
  return { onlyBrowser: browser.filter((one) => !server.includes(one)), onlyServer: server.filter((one) => !browser.includes(one)) };
}

/** The second verifier's report on a packet or an export. */
export const verified = (zip: Blob, name: string, trust: Uint8Array, work: Work): Promise<Report> => verify({ path: name, zip: ofBlob(zip) }, parseTrust(trust), work);

export async function beside(zip: Blob, name: string, trust: Uint8Array, served: FindingView[], work: Work): Promise<Beside> {
  const report = await verified(zip, name, trust, work);
  return { report, ...compare(report, served) };
}

/** A finding of the browser's as the screens show the server's. */
export function shown(finding: Finding): FindingView & { code: Code } {
  const text: Text = { zh: sentence(finding, 'zh'), en: sentence(finding, 'en') };
  return { code: finding.code, level: finding.level, subject: finding.subject, text };
}

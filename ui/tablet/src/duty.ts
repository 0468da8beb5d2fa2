/** Who is on patrol: the lead first. */

import { tablet } from './tablet.svelte.ts';

/** After enrolment: the first two officers, unless others were chosen already. */
export async function putOnDuty(): Promise<void> {
  const { officers = [], onDuty = [] } = tablet.state ?? {};
  const chosen = [...onDuty, ...officers.filter((officer) => officer.guest !== true).map((officer) => officer.id)].filter((id, i, all) => all.indexOf(id) === i);
  const [lead, second] = chosen;
  if (lead && onDuty.length < Math.min(2, officers.length)) await tablet.change({ do: 'on-duty', lead, second: second ?? null });
}

/** `周敏`, or the badge while the name is locked away. */
export function officerName(id: string): string {
  const officer = tablet.officer(id);
  return officer?.name ?? officer?.badge ?? id;
}

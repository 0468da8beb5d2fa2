/** What every screen shares: the engine's state, asked again and again, the forms, and the last problem. */

import type { FormView, Request, StateView } from '@fieldseal/shared/bindings.ts';
import { locale, type Language } from '@fieldseal/shared/i18n/index.ts';
import { applyTheme } from '@fieldseal/shared/theme.ts';
import { every } from './every.ts';
import { call, Problem } from './host.ts';

const POLL_MS = 1500;

class Tablet {
  state = $state.raw<StateView | null>(null);
  forms = $state.raw<FormView[]>([]);
  problem = $state.raw<Problem | null>(null);
  now = $state(new Date());
  /** The first-run step that adds officers goes on until the officer says it is done. */
  addingOfficers = $state(false);

  private chosen: Language | null = null;
  /** Which forms were known when they were last asked for. */
  private formsMark = '';

  /** Reads something to show. A problem is shown, but success leaves the last problem of an act in sight. */
  async load<T>(request: Request): Promise<T | undefined> {
    try {
      return await call<T>(request);
    } catch (thrown) {
      const problem = Problem.from(thrown);
      // Locked meanwhile: the lock screen says it, and comes at once.
      if (problem.code === 'locked') void this.refresh();
      else this.problem = problem;
      return undefined;
    }
  }

  /** Does what the officer asked; a problem is shown under the status strip, and `undefined` comes back. */
  async ask<T>(request: Request): Promise<T | undefined> {
    try {
      const answer = await call<T>(request);
      this.problem = null;
      return answer;
    } catch (thrown) {
      this.problem = Problem.from(thrown);
      return undefined;
    }
  }

  async refresh(): Promise<void> {
    this.now = new Date();
    try {
      this.take(await call<StateView>({ do: 'state' }));
      await this.refreshForms();
      if (this.problem?.code === 'host-unreachable') this.problem = null;
    } catch (thrown) {
      this.problem = Problem.from(thrown);
    }
  }

  /** The forms again, when others are known than before. */
  private async refreshForms(): Promise<void> {
    const mark = this.state?.forms ?? '';
    if (!this.state?.enrolled || (this.forms.length > 0 && mark === this.formsMark)) return;
    this.forms = await call<FormView[]>({ do: 'forms' });
    this.formsMark = mark;
  }

  /** Takes a state the engine answered with. */
  take(state: StateView): void {
    const first = this.state === null;
    this.state = state;
    const language = (!state.enrolled && this.chosen) || (state.language === 'en' ? 'en' : 'zh');
    if (first || language !== locale.language) locale.set(language);
    applyTheme(state.theme);
  }

  /** Before enrolment the engine keeps no settings: the screen alone changes its language. */
  speak(language: Language): void {
    this.chosen = language;
    locale.set(language);
  }

  /** For requests that answer with the state. */
  async change(request: Request): Promise<boolean> {
    const state = await this.ask<StateView>(request);
    if (state) this.take(state);
    return state !== undefined;
  }

  /** The kinds that a new draft may be of. */
  get kinds(): FormView[] {
    return this.forms.filter((form) => form.offered);
  }

  form(kind: string): FormView | undefined {
    return this.forms.find((form) => form.kind === kind);
  }

  officer(id: string): StateView['officers'][number] | undefined {
    return this.state?.officers.find((officer) => officer.id === id);
  }

  watch(): () => void {
    return every(POLL_MS, () => this.refresh());
  }
}

export const tablet = new Tablet();

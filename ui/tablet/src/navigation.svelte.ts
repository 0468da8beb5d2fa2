/** Where the officer is: a stack of screens. Back pops it, the system's back key too; nothing is lost by going back,
 *  since every step is saved when it is made. */

export type Route =
  | { name: 'today' }
  | { name: 'points'; point?: string }
  | { name: 'packets' }
  | { name: 'upload' }
  | { name: 'tasks' }
  | { name: 'me' }
  | { name: 'officers' }
  | { name: 'camera'; draft?: string; kind?: string; point?: string }
  | { name: 'describe'; draft: string }
  | { name: 'seal'; draft: string }
  | { name: 'packet'; id: string };

export type Tab = 'today' | 'points' | 'packets' | 'upload' | 'me';

/** Screens that fill the whole window: the bar and the rail are hidden. */
const whole = new Set<Route['name']>(['camera', 'describe', 'seal', 'officers']);

class Navigation {
  private stack = $state.raw<Route[]>([{ name: 'today' }]);

  /** Asked before Back: `true` when the screen goes back itself, a moment later. */
  private held: (() => boolean) | null = null;

  get route(): Route {
    return this.stack[this.stack.length - 1] ?? { name: 'today' };
  }

  get whole(): boolean {
    return whole.has(this.route.name);
  }

  get canGoBack(): boolean {
    return this.stack.length > 1;
  }

  /** Which tab the current screen belongs to. */
  get tab(): Route['name'] {
    return this.stack[0]?.name ?? 'today';
  }

  go(route: Route): void {
    this.stack = [...this.stack, route].slice(-32);
  }

  /** Takes the place of the current screen: Back does not come here again. */
  replace(route: Route): void {
    this.stack = [...this.stack.slice(0, -1), route];
  }

  tabTo(tab: Tab): void {
    this.stack = [{ name: tab }];
  }

  /** The sealed packet, with the list of packets behind it. */
  sealed(id: string): void {
    this.stack = [{ name: 'packets' }, { name: 'packet', id }];
  }

  hold(held: () => boolean): () => void {
    this.held = held;
    return () => {
      if (this.held === held) this.held = null;
    };
  }

  back(): void {
    if (this.held?.()) return;
    this.stack = this.canGoBack ? this.stack.slice(0, -1) : [{ name: 'today' }];
  }

  /** Lets the system's back key pop this stack. One spare history entry is kept while there is somewhere to go back to. */
  listen(): () => void {
    history.pushState(null, '');
    const pop = (): void => {
      if (!this.canGoBack && this.route.name === 'today') return;
      this.back();
      history.pushState(null, '');
    };
    window.addEventListener('popstate', pop);
    return () => {
      window.removeEventListener('popstate', pop);
    };
  }
}

export const navigation = new Navigation();

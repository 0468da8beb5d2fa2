/** A left-handed officer has the shutter at the left. A matter of this screen alone, so it is kept here. */

const KEY = 'fieldseal.left-hand';

export const leftHand = {
  get on(): boolean {
    return localStorage.getItem(KEY) === 'yes';
  },
  set on(on: boolean) {
    if (on) localStorage.setItem(KEY, 'yes');
    else localStorage.removeItem(KEY);
  },
};

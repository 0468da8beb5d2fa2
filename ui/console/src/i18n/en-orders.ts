import type { Translation } from '@fieldseal/shared/i18n/index.ts';
import type { orders as zh } from './zh-orders';

export const orders: Translation<typeof zh> = {
  'order.title': 'Orders',
  'order.why':
    'The tablet hears them with its next heartbeat; not while it is off, offline, or not unlocked since its app began. Revoked, it hears nothing any more: order first, see that it was heard, and revoke then.',
  'order.what.lock': 'Lock',
  'order.what.wipe': 'Empty itself',
  'order.what.nothing': 'Earlier order withdrawn',
  'order.ordered': '{what}: ordered {time}',
  'order.told': 'heard {time}',
  'order.not-told': 'not heard yet',
  'order.done.lock': 'locked {time}',
  'order.done.wipe': 'emptied {time}',
  'order.not-done.lock': 'heard, and not yet reported as locked',
  'order.not-done.wipe': 'heard, and not empty yet: all evidence in it has to be safe first',
  'order.lock': 'Lock this tablet',
  'order.wipe': 'Empty this tablet',
  'order.withdraw': 'Withdraw the order',
  'order.confirm.lock': 'Lock this tablet?',
  'order.lock.what': 'Looking then needs a PIN at once. Shooting and uploads go on; an officer who knows the PIN comes in again.',
  'order.lock.go': 'Order it to lock',
  'order.confirm.wipe': 'Empty this tablet?',
  'order.wipe.what': 'It is retired first: no new photos, and no way back. It empties itself only when all evidence in it is safe on the server and the receipts were verified.',
  'order.wipe.blocked':
    'These keep it from emptying itself: drafts that are not sealed, photos that are in no draft yet, packets without a verified receipt, damaged files that may be evidence. Somebody has to seal the drafts on the tablet.',
  'order.wipe.left': 'It says that {packets} {packets#packet|packets} and {photos} {photos#photo|photos} of it are not here.',
  'order.wipe.first': 'Go on',
  'order.confirm.wipe-again': 'Once more: empty {id}?',
  'order.wipe.again': 'Emptied, it is as new: its previews, registers and keys are gone. Until it has heard this, emptying can be withdrawn; retiring cannot.',
  'order.wipe.go': 'Order it to empty itself',
};

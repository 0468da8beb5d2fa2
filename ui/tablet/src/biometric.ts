/** Unlocking by a finger or a face, where the platform has it and the officer has chosen it. Signing always asks for the PIN. */

import { native } from './host.ts';

export interface BiometricState {
  /** This tablet can. */
  can: boolean;
  /** This officer has chosen it here. */
  kept: boolean;
}

/** None where the platform has no biometrics. */
export function biometricOf(officer: string): Promise<BiometricState | undefined> {
  return native<BiometricState>('biometric', { do: 'state', officer }).catch(() => undefined);
}
